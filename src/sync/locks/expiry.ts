// Ends locks when their time is over. While the server runs, timers measure the elapsed time, so a jump of the wall
// clock frees nothing early. After a restart the recorded end counts, but never more than the lifetime that was given.
import type { Lock } from '../../core/locks/records.js';
import type { RelPath } from '../../core/path.js';
import type { Clock } from '../clock.js';
import type { LockState } from './lock-state.js';
import type { StoredRow } from './lock-store.js';

/** A longer Node timer would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** An expiry that could not be stored is tried again after this time. */
const AGAIN_MS = 1_000;

interface ExpiryContext {
  readonly lockState: LockState;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** Ends a lock. @returns whether that is stored. */
  readonly expire: (lock: Lock) => Promise<boolean>;
}

interface Timer {
  path: RelPath;
  readonly token: number;
  readonly expires: number;
  cancel: () => void;
}

/** The timers of all locks that have an end. */
export class LockExpiry {
  readonly #context: ExpiryContext;

  readonly #timers = new Map<RelPath, Timer>();

  constructor(context: ExpiryContext) {
    this.#context = context;
  }

  /** Starts the timers, for present locks, too. */
  start(): void {
    const { lockState } = this.#context;
    lockState.watch((rows) => this.#note(rows));
    for (const lock of lockState.table.locks.values()) this.#watch(lock);
  }

  #note(rows: readonly StoredRow[]): void {
    const gone: RelPath[] = [];
    for (const row of rows) if (row.table === 'lock' && row.value === null) gone.push(row.key as RelPath);
    for (const row of rows) if (row.table === 'lock' && row.value !== null) this.#watch(row.value, gone);
    for (const path of gone) if (!this.#context.lockState.table.locks.has(path)) this.#forget(path);
  }

  /** Starts the timer of `lock`. @param moved the paths that it may have moved from: then its timer goes on. */
  #watch(lock: Lock, moved: readonly RelPath[] = []): void {
    const { path, token, expires, ttlMs = Number.POSITIVE_INFINITY } = lock;
    for (const from of moved) {
      const timer = this.#timers.get(from);
      if (timer?.token !== token) continue;
      this.#timers.delete(from);
      this.#forget(path);
      this.#timers.set(path, timer);
      timer.path = path;
      return;
    }
    this.#forget(path);
    if (expires === null) return;
    const timer: Timer = { path, token, expires, cancel: () => {} };
    this.#timers.set(path, timer);
    this.#run(timer, Math.max(0, Math.min(expires - this.#context.clock.now(), ttlMs)));
  }

  #run(timer: Timer, ms: number): void {
    const step = Math.min(ms, MAX_TIMER_MS);
    timer.cancel = this.#context.clock.after(step, () => {
      if (ms > step) this.#run(timer, ms - step);
      else void this.#end(timer);
    });
  }

  async #end(timer: Timer): Promise<void> {
    const lock = this.#context.lockState.table.locks.get(timer.path);
    if (lock?.token !== timer.token || lock.expires !== timer.expires) return;
    const isSettled = await this.#context.expire(lock);
    // The expiry is not on disk, or the lock moved before it was decided.
    if (this.#timers.get(timer.path) === timer) this.#run(timer, isSettled ? 0 : AGAIN_MS);
  }

  #forget(path: RelPath): void {
    this.#timers.get(path)?.cancel();
    this.#timers.delete(path);
  }
}
