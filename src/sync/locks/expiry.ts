// When the time of a lock is over. While the server runs, timers count what has really passed: a wall clock that jumps
// frees nothing early. After a restart the moment that was recorded counts, and never more than the time that was given.
import type { Lock, Row } from '../../core/locks/records.js';
import type { RelPath } from '../../core/path.js';
import type { Clock } from '../clock.js';
import type { LockStore } from './lock-store.js';

/** Beyond this a timer fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** What could not be recorded is tried again after this long. */
const AGAIN_MS = 1_000;

/** What expiry needs of its desk. */
interface ExpiryContext {
  readonly lockStore: LockStore;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** Ends a lock. @returns whether that is settled. */
  readonly expire: (lock: Lock) => Promise<boolean>;
}

interface Timer {
  path: RelPath;
  readonly token: number;
  readonly expires: number;
  cancel: () => void;
}

/** Watches over every lock that has an end. */
export class LockExpiry {
  readonly #context: ExpiryContext;

  readonly #timers = new Map<RelPath, Timer>();

  constructor(context: ExpiryContext) {
    this.#context = context;
  }

  /** Counts from now on, for the locks that are there already too. */
  start(): void {
    const { lockStore } = this.#context;
    lockStore.listen((rows) => this.#note(rows));
    for (const lock of lockStore.table.locks.values()) this.#watch(lock);
  }

  #note(rows: readonly Row[]): void {
    const gone: RelPath[] = [];
    for (const row of rows) if (row.table === 'lock' && row.value === null) gone.push(row.key as RelPath);
    for (const row of rows) if (row.table === 'lock' && row.value !== null) this.#watch(row.value, gone);
    for (const path of gone) if (!this.#context.lockStore.table.locks.has(path)) this.#forget(path);
  }

  /** @param moved where the lock may have been until now: then its time goes on. */
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
    const lock = this.#context.lockStore.table.locks.get(timer.path);
    if (lock?.token !== timer.token || lock.expires !== timer.expires) return;
    const isSettled = await this.#context.expire(lock);
    // Not on disk; or it had moved away before it was its turn.
    if (this.#timers.get(timer.path) === timer) this.#run(timer, isSettled ? 0 : AGAIN_MS);
  }

  #forget(path: RelPath): void {
    this.#timers.get(path)?.cancel();
    this.#timers.delete(path);
  }
}
