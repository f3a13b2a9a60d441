// Locks from a client's side: taking them, waiting in line for them, giving them back, and what the server has to tell of
// those that were lost.
import type { HeldWay } from '../core/locks/records.js';
import type { Side } from '../core/path.js';
import type { Acted, NoticeRow, Refused, Target } from '../wire/client-api/methods.js';
import type { OnNotification } from '../wire/rpc/caller.js';
import type { Requests } from './requests.js';
import { asTarget, inLines } from './targets.js';

export interface LockOptions {
  /** Why, for others to read. */
  readonly message?: string;
  /** Where the holder works; changes on the other side are held. Side a unless given. */
  readonly side?: Side;
  /** How long the lock lasts, in milliseconds; without end unless given, and as long again at a renewal. */
  readonly ttlMs?: number;
  /** Break another's lock and take it, before all who wait. Its held updates take effect first. */
  readonly steal?: boolean;
  /** Stand in line for what another holds: `true` for ever, a number for so many milliseconds. */
  readonly wait?: boolean | number;
  /** Told the place in line, 1 is next, at first and whenever it has changed. */
  readonly onWaiting?: (place: WaitingPlace) => void;
  /** Aborting it leaves the line; the call rejects with `interrupted`. */
  readonly signal?: AbortSignal;
}

/** A place in line. */
export interface WaitingPlace {
  readonly path: string;
  readonly owner: string;
  readonly position: number;
}

export interface UnlockOptions {
  /** Break the lock of another, who is told at his next command. */
  readonly force?: boolean;
  /**
   * What becomes of the held updates. `apply` unless given: they take effect, or, where the holder changed the file too,
   * their last becomes a conflict copy. `copy`: a conflict copy in any case. `discard`: they go to versions, and the
   * holder's content goes over.
   */
  readonly held?: HeldWay;
}

/** What became of one target: done, or refused with the words and the code of an error. */
export type TargetResult = Acted | Refused;

/** One user's locks. */
export class Locking {
  readonly #ask: Requests;
  readonly #user: string;

  #notices: NoticeRow[] = [];

  constructor(ask: Requests, user: string) {
    this.#ask = ask;
    this.#user = user;
  }

  async lock(targets: readonly (Target | string | number)[], options: LockOptions): Promise<TargetResult[]> {
    const { wait = false, onWaiting, signal, ...how } = options;
    const params = { owner: this.#user, ...how, ...(wait === false ? {} : { wait: true }) };
    const until = typeof wait === 'number' ? performance.now() + wait : null;
    const onNotification: OnNotification = (name, { path, owner, position }: WaitingPlace) => {
      if (name === 'waiting') onWaiting?.({ path, owner, position });
    };
    return this.#each(targets, wait !== false, async (some) => {
      // The time that was given is for all of them together.
      const waitMs = until === null ? {} : { waitMs: Math.max(0, Math.round(until - performance.now())) };
      const options = wait === false ? {} : { timeoutMs: null, onNotification };
      return this.#ask.call('lock', { targets: some, ...params, ...waitMs }, { ...options, ...(signal && { signal }) });
    });
  }

  unlock(targets: readonly (Target | string | number)[], options: UnlockOptions): Promise<TargetResult[]> {
    return this.#each(targets, false, (some) =>
      this.#ask.call('unlock', { targets: some, owner: this.#user, ...options }),
    );
  }

  /** @param inOrder whether the runs of a long list follow each other in the order of their bytes. */
  async #each(
    targets: readonly (Target | string | number)[],
    inOrder: boolean,
    ask: (some: readonly Target[]) => Promise<{ targets: readonly TargetResult[]; notices?: readonly NoticeRow[] }>,
  ): Promise<TargetResult[]> {
    const wanted = targets.map((target, n) => ({ n, target: asTarget(target) }));
    if (inOrder) wanted.sort((x, y) => Buffer.compare(bytesOf(x.target), bytesOf(y.target)));
    const results: TargetResult[] = [];
    let at = 0;
    for (const some of inLines(wanted.map(({ target }) => target))) {
      const answer = await ask(some);
      for (const result of answer.targets) results[wanted[at++]!.n] = result;
      this.#notices.push(...(answer.notices ?? []));
    }
    return results;
  }

  async notices(): Promise<readonly NoticeRow[]> {
    const { notices } = await this.#ask.call('notices', { owner: this.#user });
    const all = [...this.#notices, ...notices];
    this.#notices = [];
    return all;
  }
}

const bytesOf = (target: Target): Buffer => Buffer.from('path' in target ? target.path : '');
