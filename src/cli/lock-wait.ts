// Waiting for a lock: reports the position in the queue, and its loss. A command that stops waiting loses its position;
// the error says who holds the lock and how to wait again.

import type { LockOptions, TargetResult, WaitingPlace } from '../client/client.js';
import { SyncError } from '../core/errors.js';
import type { LockRow } from '../wire/client-api/methods.js';
import type { Api, CommandContext } from './context.js';
import { minuteText } from './render/time.js';
import { shownName } from './render/width.js';
import { escapeWord } from './shell-words.js';
import { isRefused } from './target/act-on-targets.js';

/** The maximum time for asking who holds the lock when the waiting ends, in milliseconds. */
const LAST_QUERY_MS = 150;

/** A command that waits in a queue. */
export class LockWait {
  readonly #context: CommandContext;
  readonly #limit: string | null;
  readonly #options: readonly string[];

  #place: WaitingPlace | null = null;

  /**
   * @param limit the maximum time as typed; null for none.
   * @param options the other options, as words of the command line.
   */
  constructor(context: CommandContext, limit: string | null, options: readonly string[]) {
    this.#context = context;
    this.#limit = limit;
    this.#options = options;
  }

  /** The options of the call for waiting. */
  get call(): Pick<LockOptions, 'signal' | 'onWaiting'> {
    return {
      signal: this.#context.signal,
      onWaiting: (place) => {
        this.#place = place;
        this.#context.err(`Waiting for ${shownName(place.path)}: number ${place.position} in line.\n`);
      },
    };
  }

  /** @returns the refusal after the time limit, with its consequences. */
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

  /** @returns the error when the waiting ended early, with its consequences. */
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

  /** The command to repeat, under the same name: the queue belongs to the name. */
  #againWith(path: string): string {
    const { as } = this.#context.globals;
    const words = ['client', 'lock', path, '--wait', ...this.#options, ...(as === undefined ? [] : ['--as', as])];
    return `stand in line again with: ${shownName(words.map(escapeWord).join(' '))}`;
  }
}

/** @returns the holder of `path`, if the server answers at once. */
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
