// Standing in line for a lock: what is told of the place, and of its loss. Whoever does not wait any longer has lost the
// place, and is told so, with who holds the lock and how to stand in line again.

import type { LockOptions, TargetResult, WaitingPlace } from '../client/client.js';
import { SyncError } from '../core/errors.js';
import type { LockRow } from '../wire/client-api/methods.js';
import type { Api, CommandContext } from './context.js';
import { minuteText } from './render/time.js';
import { shownName } from './render/width.js';
import { escapeWord } from './shell-words.js';
import { isRefused } from './target/act-on-targets.js';

/** How long somebody who wants to go is kept to be told who holds the lock, in milliseconds. */
const LAST_QUERY_MS = 150;

/** One command that stands in line. */
export class LockWait {
  readonly #context: CommandContext;
  readonly #limit: string | null;
  readonly #options: readonly string[];

  #place: WaitingPlace | null = null;

  /**
   * @param limit how long it waits at most, as typed; null: for ever.
   * @param options what else was asked for, as words of the command line.
   */
  constructor(context: CommandContext, limit: string | null, options: readonly string[]) {
    this.#context = context;
    this.#limit = limit;
    this.#options = options;
  }

  /** What the waiting needs of the call. */
  get call(): Pick<LockOptions, 'signal' | 'onWaiting'> {
    return {
      signal: this.#context.signal,
      onWaiting: (place) => {
        this.#place = place;
        this.#context.err(`Waiting for ${shownName(place.path)}: number ${place.position} in line.\n`);
      },
    };
  }

  /** @returns a refusal at the end of the time that was given, with what that means. */
  inItsWords(result: TargetResult): TargetResult {
    if (this.#limit === null || !isRefused(result) || result.error.code !== 'locked') return result;
    const { message } = result.error;
    const owner = result.lock === undefined ? 'its holder' : shownName(result.lock.owner);
    const error = {
      code: 'locked' as const,
      message: `The wait of ${this.#limit} is over, and with it your place in line: ${message}`,
      hint: `Ask ${owner} to unlock it, or ${this.#againWith(result.path)}`,
    };
    return { ...result, error };
  }

  /** @returns why the waiting ended early, with what that means. */
  async brokenOff(error: unknown, api: Api): Promise<unknown> {
    if (!(error instanceof SyncError) || this.#place === null) return error;
    const { path, position } = this.#place;
    if (error.code === 'closed') {
      const message = `${error.message.replace(/\.$/, '')}, and with it your place in line for "${shownName(path)}".`;
      return new SyncError('closed', message, { cause: error });
    }
    if (error.code !== 'interrupted') return error;
    const holder = await holderOf(path, api);
    const by = holder === null ? '' : `; it is locked by ${shownName(holder.owner)} since ${minuteText(holder.since)}`;
    const message = `Gave up: nothing was locked, and your place in line for "${shownName(path)}" (number ${position}) is given up${by}.`;
    const ask = holder === null ? '' : `Ask ${shownName(holder.owner)} to unlock it, or `;
    const hint = `${ask}${this.#againWith(path)}`;
    return new SyncError('interrupted', message, { hint: `${hint.charAt(0).toUpperCase()}${hint.slice(1)}` });
  }

  /** The same command once more: under another name it would be another's place. */
  #againWith(path: string): string {
    const { as } = this.#context.globals;
    const words = ['client', 'lock', path, '--wait', ...this.#options, ...(as === undefined ? [] : ['--as', as])];
    return `stand in line again with: ${shownName(words.map(escapeWord).join(' '))}`;
  }
}

/** Who holds `path`, where the server says so at once. */
async function holderOf(path: string, api: Api): Promise<LockRow | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, LAST_QUERY_MS, null);
  });
  const asked = async () => (await api.locks()).locks.find((lock) => lock.path === path && lock.owner !== api.user);
  const found = await Promise.race([asked().catch(() => null), late]);
  clearTimeout(timer);
  return found ?? null;
}
