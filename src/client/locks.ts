// Locks of one user: locking, waiting, unlocking, asking others, and notices.
import type { HeldWay } from '../core/locks/records.js';
import type { Side } from '../core/path.js';
import type { Acted, Refused, Target } from '../wire/client-api/methods.js';
import type { NoticeRow } from '../wire/client-api/notice.js';
import type { OnNotification } from '../wire/rpc/caller.js';
import type { Requests } from './requests.js';
import { asTarget, inLines } from './targets.js';

export interface LockOptions {
  /** The reason, for other users to read. */
  readonly message?: string;
  /** The side on which the holder works; changes on the other side are held. By default side a. */
  readonly side?: Side;
  /** The duration of the lock in milliseconds, also after a renewal; by default it does not expire. */
  readonly ttlMs?: number;
  /** Whether to break another's lock and take it, before all waiters. Its held updates take effect first. */
  readonly steal?: boolean;
  /** Whether to wait for a lock that another holds: `true` without limit, a number for so many milliseconds. */
  readonly wait?: boolean | number;
  /** Whether to be told, once, when the path is free, where another holds it: by an event `free` and a notice. */
  readonly notify?: boolean;
  /** Called with the position in the queue (1 is next), at first and after each change. */
  readonly onWaiting?: (place: WaitingPlace) => void;
  /** Aborting it leaves the queue; the call rejects with `interrupted`. */
  readonly signal?: AbortSignal;
}

/** A place in the queue. */
export interface WaitingPlace {
  readonly path: string;
  readonly owner: string;
  readonly position: number;
}

export interface UnlockOptions {
  /** Whether to break another's lock; its owner is told at his next command. */
  readonly force?: boolean;
  /**
   * What happens to the held updates. By default `apply`: they take effect, or, where the holder changed the file too,
   * the last becomes a conflict copy. `copy`: the last becomes a conflict copy in any case. `discard`: they go to
   * versions, and the holder's content is transferred.
   */
  readonly held?: HeldWay;
}

export interface AskOptions {
  /** Why, for the holder to read. */
  readonly message?: string;
}

/** The result for one target: done, or refused with the message and code of an error. */
export type TargetResult = Acted | Refused;

/** The locks of one user. */
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
      // The waiting time is for all targets together.
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

  /** Asks the holders of locks to unlock them. */
  askHolders(targets: readonly (Target | string | number)[], options: AskOptions): Promise<TargetResult[]> {
    return this.#each(targets, false, (some) =>
      this.#ask.call('ask', { targets: some, owner: this.#user, ...options }),
    );
  }

  /** @param inOrder whether the targets have to be requested in the order of their bytes. */
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
    const { notices } = await this.#ask.call('notices', { owner: this.#user, all: true });
    const all = [...this.#notices, ...notices];
    this.#notices = [];
    return all;
  }
}

const bytesOf = (target: Target): Buffer => Buffer.from('path' in target ? target.path : '');
