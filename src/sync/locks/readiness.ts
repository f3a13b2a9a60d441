// Decides when a path is ready for a lock: when it has been scanned and is settled, why there may be nothing to lock,
// and how a grant is answered, or taken back if nobody can be told of it.
import { advise } from '../../core/advice.js';
import { SyncError } from '../../core/errors.js';
import type { LockAnswer } from '../../core/locks/events.js';
import type { Lock } from '../../core/locks/records.js';
import { quote, type RelPath, type Side } from '../../core/path.js';
import type { Clock } from '../clock.js';
import { type Claims, MAY_CHANGE } from '../pair/claims.js';
import type { Pair } from '../pair/pair.js';
import { answered, refused } from './answers.js';
import type { LockState } from './lock-state.js';
import { isCancelled, type PendingRequest } from './request.js';

/** How long a request waits for other work on its path, in milliseconds. */
const MAX_WAIT_MS = 20_000;

/**
 * After this many further updates one is certainly newer than the request: the first was being fetched, the second may
 * have been reported already.
 */
const CERTAINLY_NEWER = 3;

/** The scans that a decision waits for, and since when. */
export interface PendingScan {
  /** Milliseconds by the monotonic clock. */
  readonly since: number;
  scans: Readonly<Record<Side, number>>;
  /** How many updates of the path were held when these scans had been folded in. */
  heldThen?: number;
}

/** What locking needs of its session. */
export interface LockContext {
  readonly pair: Pair;
  readonly lockState: LockState;
  readonly claims: Pick<Claims, 'heldBy'>;
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'after'>;
  readonly mailbox: { wake(): void };
  /** Requests scans of single paths. */
  readonly sides: {
    /** @returns the number of the scan, 0 while the side is disconnected. */
    scanPath(side: Side, path: RelPath): number;
    isScanned(side: Side, number: number): boolean;
  };
  readonly heldUpdates: {
    /** Whether updates of `path` are being fetched or are taking effect. */
    isMoving(path: RelPath): boolean;
    /** Whether an update of `path` has arrived and is not held yet. */
    isDue(path: RelPath): boolean;
  };
  /** Whether `path` changed during a write and waits for its retry. */
  readonly retries: { isMovingAt(path: RelPath): boolean };
}

/** The requests that a grant answers. */
interface Granted {
  /** The request that was granted at once, without waiting in the queue. */
  readonly requester?: PendingRequest;
  /** The waiters that are answered. */
  readonly waiters: readonly PendingRequest[];
  readonly note: string;
}

/** Knows when a path is ready for a lock. */
export class LockReadiness {
  readonly #isWaited: () => boolean;

  #isAlarmSet = false;

  /** @param isWaited whether a request waits whose time can run out while nothing else happens. */
  constructor(
    readonly context: LockContext,
    isWaited: () => boolean,
  ) {
    this.#isWaited = isWaited;
  }

  scanPath(path: RelPath): PendingScan {
    const { sides, clock } = this.context;
    return { since: clock.monotonic(), scans: { a: sides.scanPath('a', path), b: sides.scanPath('b', path) } };
  }

  /** Side b has connected: only a scan of this connection counts. */
  scanAgain(pending: PendingScan, path: RelPath): void {
    pending.scans = { a: pending.scans.a, b: this.context.sides.scanPath('b', path) };
    delete pending.heldThen;
  }

  isLate({ since }: PendingScan): boolean {
    return this.context.clock.monotonic() - since > MAX_WAIT_MS;
  }

  /**
   * Whether the path has been scanned, was settled then, and no update of it is being fetched or taking effect. A scan
   * that found it unsettled has not seen the final content: another one follows.
   */
  isSettled({ scans }: PendingScan, path: RelPath): boolean {
    return this.#isScanned(scans) && !isInMotion(this.context.pair, path) && !this.#isMoving(path);
  }

  #isScanned({ a, b }: PendingScan['scans']): boolean {
    const { sides } = this.context;
    return sides.isScanned('a', a) && sides.isScanned('b', b);
  }

  /**
   * Whether updates of `path` wait to be fetched, are being fetched or taking effect, or a scan has to confirm the
   * path.
   */
  #isMoving(path: RelPath): boolean {
    const { heldUpdates, claims } = this.context;
    return heldUpdates.isMoving(path) || heldUpdates.isDue(path) || claims.heldBy(path, ['unconfirmed']) !== null;
  }

  /** Whether a change of `path` is on its way to either side. */
  isInFlight(path: RelPath): boolean {
    const { claims, retries } = this.context;
    return claims.heldBy(path, MAY_CHANGE) !== null || retries.isMovingAt(path);
  }

  /**
   * Whether everything from before the request is held by now, although more keeps arriving: the other side writes
   * without a pause, so the path never settles.
   */
  isOvertaken(pending: PendingScan, path: RelPath): boolean {
    if (!this.#isScanned(pending.scans)) return false;
    const held = this.context.lockState.table.heldOf(path).length;
    pending.heldThen ??= held;
    return held >= pending.heldThen + CERTAINLY_NEWER;
  }

  setAlarm(): void {
    if (this.#isAlarmSet) return;
    this.#isAlarmSet = true;
    this.context.clock.after(MAX_WAIT_MS + 1, () => {
      this.#isAlarmSet = false;
      if (this.#isWaited()) this.setAlarm();
      this.context.mailbox.wake();
    });
  }

  /** The note for the answer to a lock that is granted now; empty where there is none. */
  noteOn({ scans }: PendingScan, path: RelPath): string {
    if (scans.b === 0) return 'Side b is away: what was changed there meanwhile is not known before it is back.';
    const { sides, pair } = this.context;
    if (!sides.isScanned('b', scans.b)) return 'Side b does not answer: what was changed there is not known yet.';
    return isInMotion(pair, path) ? 'It is being written to: what is there in the end is not known yet.' : '';
  }

  /** The error why `path` cannot be locked at all; null where it can. */
  nothingToLock(path: RelPath): SyncError | null {
    const { pair, lockState } = this.context;
    const found = [pair.entry('a', path), pair.entry('b', path)];
    if (found.some((entry) => entry !== null && entry.type !== 'dir') || lockState.table.locks.has(path)) return null;
    if (found.every((entry) => entry === null)) {
      return new SyncError('not-found', `There is no file ${quote(path)} on either side.`, {
        advice: advise`See what there is with: ${{ do: 'list' }}`,
      });
    }
    return new SyncError('usage', `${quote(path)} is a directory, and locks are for files.`, {
      advice: advise`Lock the files in it with a glob: ${{ do: 'lock', files: `${path}/**` }}`,
    });
  }

  /** The lock of `path` has changed: the listing and the plan may change with it. */
  touched(path: RelPath): void {
    this.context.pair.generation++;
    this.context.pair.mark(path, true);
    this.context.mailbox.wake();
  }

  /**
   * Answers a grant once it is on disk. A grant that could not be stored, or whose requests are all gone, is taken
   * back.
   */
  settle(
    answer: LockAnswer & { kind: 'granted' },
    error: SyncError | null,
    { requester, waiters, note }: Granted,
  ): void {
    const { lock, changed } = answer;
    const isMissed =
      (requester === undefined || isCancelled(requester.ask.wait?.signal)) &&
      waiters.every(({ ask }) => ask.wait?.signal.aborted === true);
    if (changed && (error !== null || isMissed)) this.#takeBack(lock);
    for (const { ask, resolve } of requester === undefined ? waiters : [requester, ...waiters]) {
      resolve(error === null ? answered(ask, answer, note) : refused(lock.path, error));
    }
  }

  /** Releases a lock that nobody can be told of. */
  #takeBack(lock: Lock): void {
    const { lockState, pair, clock } = this.context;
    const { path, owner, side } = lock;
    // It was renewed since: that request is told whether it is on disk.
    if (lockState.table.locks.get(path) !== lock) return;
    // Updates held meanwhile take effect as after any unlock.
    lockState.dispatch({ kind: 'unlock', path, owner, current: pair.entry(side, path), now: clock.now() });
    this.touched(path);
  }
}

/**
 * Whether a side has `path`, or something above or below it, unsettled: then its final content is not known yet.
 */
const isInMotion = ({ a, b }: Pair, path: RelPath): boolean => a.moving.touches(path) || b.moving.touches(path);
