// Answers lock requests. A lock is granted on the newest version, and an unlock settles what really happened: so both
// first have the path scanned on both sides and wait for changes that are on their way. Then the lock machine
// (core/locks) decides. A lock is on disk before anyone is told of it, and tokens only grow.

import type { LockEvent } from '../../core/locks/events.js';
import { isHolder, type Lock } from '../../core/locks/records.js';
import { freedPaths } from '../../core/locks/remind.js';
import type { RelPath } from '../../core/path.js';
import type { Logger } from '../../log.js';
import type { Acted, Refused } from '../../wire/client-api/methods.js';
import { answered, askedFacts, noLongerWaiting, refused, stillComing, tooMany, unrecorded } from './answers.js';
import { AUTO_LOCK_DEFAULTS, type AutoLockOptions, AutoLocks } from './auto-locks.js';
import { LockExpiry } from './expiry.js';
import { LockHolders } from './holders.js';
import { type LockContext, LockReadiness, type PendingScan } from './readiness.js';
import { isCancelled, type PendingRequest, type ServiceRequest } from './request.js';
import { MAX_WAITERS, WaiterGrants, WaitQueue } from './waiters.js';

export { iso, lockedBy } from './answers.js';
export type { ServiceRequest } from './request.js';

type Pending = PendingRequest & PendingScan;

type LockServiceContext = LockContext & {
  readonly log: Pick<Logger, 'event'>;
  /** How locks are taken that nobody asks for. */
  readonly autoLock?: AutoLockOptions | undefined;
};

/** Decides lock and unlock requests. */
export class LockService {
  readonly #context: LockContext;

  #waiting: Pending[] = [];
  readonly #readiness: LockReadiness;
  readonly #queue: WaitQueue;
  readonly #grants: WaiterGrants;
  #lastLine = 0;
  readonly #holders: LockHolders;
  readonly automatic: AutoLocks;

  constructor(context: LockServiceContext) {
    this.#context = context;

    this.#readiness = new LockReadiness(context, () => this.#waiting.length + this.#grants.size > 0);
    this.#queue = new WaitQueue(context);
    this.#holders = new LockHolders(context.lockState);
    this.#grants = new WaiterGrants(this.#readiness, this.#queue, this.#holders);
    this.automatic = new AutoLocks(context, this.#readiness, context.autoLock ?? AUTO_LOCK_DEFAULTS);
    new LockExpiry({ ...context, expire: (lock) => this.#expire(lock) }).start();
  }

  /** @returns the answer, once it is durable; a refusal is an answer, too. */
  ask(ask: ServiceRequest): Promise<Acted | Refused> {
    return new Promise((resolve) => {
      this.#waiting.push({ ask, line: ++this.#lastLine, resolve, ...this.#readiness.scanPath(ask.path) });
      this.#context.mailbox.wake();
      this.#readiness.setAlarm();
    });
  }

  /** Tells the holder of a lock that `by` asks him to unlock it. @returns the answer, once it is durable. */
  askHolder(path: RelPath, by: string, message: string): Promise<Acted | Refused> {
    const { lockState, clock } = this.#context;
    const why = this.#readiness.nothingToLock(path);
    if (why !== null) return Promise.resolve(refused(path, why));
    return new Promise((resolve) => {
      lockState.dispatch({ kind: 'ask', path, by, message, now: clock.now() }, (answer, error) => {
        if (error !== null) resolve(refused(path, error));
        else if (answer.kind === 'asked') resolve(askedFacts(path, answer));
      });
    });
  }

  async #expire({ path, owner, side, expires }: Lock): Promise<boolean> {
    const ended = await this.ask({ kind: 'expire', path, owner, side, message: '', expires: expires ?? 0 });
    return !('error' in ended);
  }

  /** Side b has connected: only a scan of this connection counts. */
  restart(): void {
    for (const pending of this.#waiting) this.#readiness.scanAgain(pending, pending.ask.path);
    this.#grants.restart();
    this.automatic.restart();
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0;
  }

  /** Decides the requests that are ready. */
  serve(): void {
    this.#queue.serve();
    if (this.#waiting.length > 0) this.#serveWaiting();
    this.#grants.serve();
    this.automatic.serve();
    const { lockState, clock } = this.#context;
    for (const path of freedPaths(lockState.table)) lockState.dispatch({ kind: 'free', path, now: clock.now() });
  }

  #serveWaiting(): void {
    const still: Pending[] = [];
    const due = this.#waiting;
    this.#waiting = still;
    /** Requests for the lock of one path are decided in their order. */
    const before = new Set<RelPath>();
    for (const pending of due) {
      const { path, kind } = pending.ask;
      if ((kind === 'lock' && before.has(path)) || !this.#isReady(pending)) {
        before.add(path);
        still.push(pending);
      } else this.#decide(pending);
    }
  }

  #isReady(pending: Pending): boolean {
    const { ask } = pending;
    // A request that is refused or has to wait needs no scan.
    if (ask.kind === 'lock' && this.#isKeptOut(ask)) return true;
    if (this.#readiness.isLate(pending) || this.#readiness.isOvertaken(pending, ask.path)) return true;
    // A save of the holder is still being transferred: only afterwards can changes of the other side be told from it.
    return this.#readiness.isSettled(pending, ask.path) && !this.#readiness.isInFlight(ask.path);
  }

  /** Whether another owner has the lock, or is before it in the queue. */
  #isKeptOut({ path, owner, steal = false, wait }: ServiceRequest): boolean {
    const { table } = this.#context.lockState;
    const holder = table.locks.get(path);
    if (holder !== undefined) return !isHolder(holder, owner) && !steal;
    return wait !== undefined && table.waitersOf(path).length > 0;
  }

  #decide(pending: Pending): void {
    const { ask, resolve } = pending;
    const { path } = ask;
    const why = ask.kind === 'lock' ? this.#objection(ask) : null;
    if (why !== null) {
      resolve(refused(path, why));
      return;
    }
    const held = this.#context.lockState.table.locks.get(path);
    if (ask.givesBack !== undefined && (held?.token !== ask.givesBack || !this.#holders.gaveBack(held))) {
      resolve({ path, changed: false, owner: held?.owner ?? null });
      return;
    }
    const note = this.#readiness.noteOn(pending, path);
    const decided = this.#context.lockState.dispatch(this.#eventFor(pending), (answer, error) => {
      if (answer.kind === 'granted') this.#readiness.settle(answer, error, { requester: pending, waiters, note });
      else if (error !== null) resolve(refused(path, answer.kind === 'released' ? unrecorded(path, error) : error));
      else if (answer.kind !== 'queued') resolve(answered(ask, answer));
    });
    const waiters = decided.kind === 'granted' ? this.#queue.takeGranted(decided) : [];
    if (decided.kind === 'granted') this.#holders.granted(decided.lock, decided.changed, 1 + waiters.length);
    if (decided.kind === 'queued') this.#queue.join(pending, decided.position);
    if (decided.kind !== 'refused' && decided.kind !== 'later') this.#readiness.touched(path);
  }

  /** The error why a lock can be neither granted nor waited for; null where there is none. */
  #objection(ask: ServiceRequest): ReturnType<LockReadiness['nothingToLock']> {
    const { path, wait } = ask;
    if (wait !== undefined && isCancelled(wait.signal)) return noLongerWaiting(path);
    if (this.#isKeptOut(ask))
      return wait !== undefined && this.#queue.size >= MAX_WAITERS ? tooMany(MAX_WAITERS) : null;
    // A change that is on its way would arrive under the new lock.
    if (this.#readiness.isInFlight(path)) return stillComing(path);
    return this.#readiness.nothingToLock(path);
  }

  #eventFor({ ask, line }: Pending): LockEvent {
    const { kind, path, owner, side, message, ttlMs, steal, notify, wait, force, held, expires } = ask;
    const { lockState, pair, clock } = this.#context;
    const now = clock.now();
    const current = pair.entry(lockState.table.locks.get(path)?.side ?? 'a', path);
    if (kind === 'expire') return { kind, path, expires: expires ?? 0, current, now };
    if (kind === 'unlock') {
      const how = { ...(force === undefined ? {} : { force }), ...(held === undefined ? {} : { held }) };
      return { kind, path, owner, current, now, ...how };
    }
    const how = { ...(ttlMs === undefined ? {} : { ttlMs }), ...(steal === undefined ? {} : { steal }) };
    const inLine = wait !== undefined || steal === true ? { line } : {};
    const later = notify === undefined ? {} : { notify };
    return { kind, path, owner, side, message, current, now, ...how, ...inLine, ...later };
  }
}
