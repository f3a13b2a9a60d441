// Requests that wait for a lock: they are told their position, leave when their time is over or their connection
// closes, and get the lock in order. The order itself is in the lock table.

import { SyncError } from '../../core/errors.js';
import { type LockAnswer, refusal } from '../../core/locks/events.js';
import type { RelPath } from '../../core/path.js';
import type { Clock } from '../clock.js';
import { lockedBy, noLongerWaiting, refused } from './answers.js';
import type { LockHolders } from './holders.js';
import type { LockState } from './lock-state.js';
import type { LockReadiness, PendingScan } from './readiness.js';
import type { PendingRequest } from './request.js';

/** Positions are sent at most this often, in milliseconds: a grant moves every other waiter. */
const NOTIFY_MS = 100;
/** The most waiters at one time: each is a request in memory. */
export const MAX_WAITERS = 65_536;

/** How long a request that broke a lock waits until the held updates have taken effect, in milliseconds. */
const MAX_WAIT_MS = 20_000;

interface WaitQueueContext {
  readonly lockState: LockState;
  readonly clock: Pick<Clock, 'after'>;
  readonly mailbox: { wake(): void };
}

interface Waiting {
  readonly request: PendingRequest;
  position: number;
  readonly leave: () => void;
}

/** All waiters of all paths. */
export class WaitQueue {
  readonly #context: WaitQueueContext;

  readonly #waiting = new Map<number, Waiting>();
  /** Waiters that leave, and why; null where their time is over. */
  readonly #leaving = new Map<number, SyncError | null>();
  #isNotifying = false;

  constructor(context: WaitQueueContext) {
    this.#context = context;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Adds a waiter at `position` (1 is next). */
  join(request: PendingRequest, position: number): void {
    const { line, ask } = request;
    const leaveWith = (why: SyncError | null) => {
      this.#leaving.set(line, why);
      this.#context.mailbox.wake();
    };
    const onAbort = () => leaveWith(noLongerWaiting(ask.path));
    const forMs = ask.wait === undefined ? MAX_WAIT_MS : ask.wait.forMs;
    const cancel = forMs === null ? () => {} : this.#context.clock.after(forMs, () => leaveWith(null));
    ask.wait?.signal.addEventListener('abort', onAbort, { once: true });
    const leave = () => {
      cancel();
      ask.wait?.signal.removeEventListener('abort', onAbort);
    };
    this.#waiting.set(line, { request, position, leave });
    if (ask.wait?.signal.aborted) onAbort();
    else ask.wait?.onPosition(ask.path, position);
    this.#notifySoon();
  }

  /** Answers the waiters that leave. */
  serve(): void {
    for (const [line, why] of this.#leaving) {
      const one = this.#take(line);
      if (one !== null) this.#refuse(one.request, why);
    }
    this.#leaving.clear();
  }

  #refuse({ ask, line, resolve }: PendingRequest, why: SyncError | null): void {
    const { lockState } = this.#context;
    // The path can have changed: a lock moves with its file.
    const path = lockState.table.waiter(line)?.path ?? ask.path;
    lockState.dispatch({ kind: 'leave', path, line });
    const holder = refusal(lockState.table, path);
    const late = holder === null ? overdue(path) : lockedBy(path, holder);
    resolve(refused(path, why ?? late));
    this.#notifySoon();
  }

  /** Refuses the first waiter of `path`, because there is nothing to lock. */
  refuseFirst(path: RelPath, why: SyncError): void {
    const [first] = this.#context.lockState.table.waitersOf(path);
    const one = first === undefined ? null : this.#take(first.id);
    if (one !== null) this.#refuse(one.request, why);
    else if (first !== undefined) this.#context.lockState.dispatch({ kind: 'leave', path, line: first.id });
  }

  /** @returns the waiters that a grant answers; they wait no more. */
  takeGranted({ lines = [] }: LockAnswer & { kind: 'granted' }): PendingRequest[] {
    if (lines.length > 0) this.#notifySoon();
    return lines.flatMap((line) => this.#take(line)?.request ?? []);
  }

  #take(line: number): Waiting | null {
    const one = this.#waiting.get(line) ?? null;
    one?.leave();
    this.#waiting.delete(line);
    return one;
  }

  #notifySoon(): void {
    if (this.#isNotifying || this.#waiting.size === 0) return;
    this.#isNotifying = true;
    this.#context.clock.after(NOTIFY_MS, () => {
      this.#isNotifying = false;
      this.#notifyPositions();
    });
  }

  #notifyPositions(): void {
    for (const queue of this.#context.lockState.table.waiters.values()) {
      for (const [n, { id, path }] of queue.entries()) {
        const one = this.#waiting.get(id);
        if (one === undefined || one.position === n + 1) continue;
        one.position = n + 1;
        one.request.ask.wait?.onPosition(path, n + 1);
      }
    }
  }
}

const overdue = (path: string): SyncError =>
  new SyncError('busy', `The lock of ${path} could not be had in time.`, { hint: 'Try again in a moment.' });

/** Grants free locks to waiters. */
export class WaiterGrants {
  readonly #readiness: LockReadiness;
  readonly #queue: WaitQueue;
  readonly #holders: LockHolders;

  /** Free paths with waiters, and the scans that the grant waits for. */
  readonly #free = new Map<RelPath, PendingScan>();

  constructor(readiness: LockReadiness, queue: WaitQueue, holders: LockHolders) {
    this.#readiness = readiness;
    this.#queue = queue;
    this.#holders = holders;
  }

  get size(): number {
    return this.#free.size;
  }

  /** Side b has connected: only a scan of this connection counts. */
  restart(): void {
    for (const [path, pending] of this.#free) this.#readiness.scanAgain(pending, path);
  }

  serve(): void {
    const { table } = this.#readiness.context.lockState;
    for (const path of this.#free.keys()) if (table.waitersOf(path).length === 0) this.#free.delete(path);
    for (const path of [...table.waiters.keys()]) {
      if (table.locks.has(path) || table.drains.has(path)) this.#free.delete(path);
      else this.#servePath(path);
    }
  }

  #servePath(path: RelPath): void {
    const readiness = this.#readiness;
    const queue = this.#queue;
    const { lockState, clock } = readiness.context;
    const pending = this.#free.get(path) ?? readiness.scanPath(path);
    this.#free.set(path, pending);
    readiness.setAlarm();
    if (readiness.isInFlight(path) || !(readiness.isLate(pending) || readiness.isSettled(pending, path))) return;
    this.#free.delete(path);
    const why = readiness.nothingToLock(path);
    if (why !== null) {
      queue.refuseFirst(path, why);
      return;
    }
    const note = readiness.noteOn(pending, path);
    const granted = lockState.dispatch({ kind: 'grant', path, now: clock.now() }, (answer, error) => {
      if (answer.kind === 'granted') readiness.settle(answer, error, { waiters, note });
    });
    const waiters = granted.kind === 'granted' ? queue.takeGranted(granted) : [];
    if (granted.kind === 'granted') this.#holders.granted(granted.lock, true, waiters.length);
    readiness.touched(path);
  }
}
