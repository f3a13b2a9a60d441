// What the desk and those in line have in common: when a path has been seen and is settled, why there may be nothing to
// lock, and how a grant becomes a lock that somebody knows of, or none.
import { SyncError } from '../../core/errors.js';
import type { LockAnswer } from '../../core/locks/events.js';
import type { Lock } from '../../core/locks/records.js';
import { quote, type RelPath, type Side } from '../../core/path.js';
import type { Clock } from '../clock.js';
import { type Claims, MAY_CHANGE } from '../pair/claims.js';
import type { Pair } from '../pair/pair.js';
import { answered, refused } from './answers.js';
import type { LockStore } from './lock-store.js';
import { isCancelled, type PendingRequest } from './request.js';

/** How long an asker waits for what is under way on the path, in milliseconds. */
const PATIENCE_MS = 20_000;

/** So many updates taken in one after the other: one was being fetched, one may have been told, the third is newer than both. */
const CERTAINLY_NEWER = 3;

/** What has to be seen before something is decided, and since when that is waited for. */
export interface PendingScan {
  readonly since: number;
  scans: Readonly<Record<Side, number>>;
  /** How many updates of the path were held when the looks had been taken. */
  heldThen?: number;
}

/** What the desk needs of its session. */
export interface LockContext {
  readonly pair: Pair;
  readonly lockStore: LockStore;
  readonly claims: Pick<Claims, 'heldBy'>;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly mailbox: { wake(): void };
  /** Asks for scans of single paths, and tells whether they have been taken in. */
  readonly sides: {
    /** @returns the scan's number, 0 where the side is away. */
    scanPath(side: Side, path: RelPath): number;
    isScanned(side: Side, number: number): boolean;
  };
  readonly heldUpdates: {
    /** Whether updates of `path` are being taken in or taking effect. */
    isMoving(path: RelPath): boolean;
    /** Whether something has come that is to be held, and is not yet. */
    isDue(path: RelPath): boolean;
  };
  /** Whether `path` was not as expected a moment ago, and will be tried again. */
  readonly retries: { isMovingAt(path: RelPath): boolean };
}

/** Whom a grant is for. */
interface Granted {
  /** Who asked just now, and did not stand in line. */
  readonly asker?: PendingRequest;
  /** Who stood in line. */
  readonly called: readonly PendingRequest[];
  readonly note: string;
}

/** The ground that locks are granted on. */
export class LockReadiness {
  readonly #isWaited: () => boolean;

  #isAlarmSet = false;

  /** @param isWaited whether somebody waits whose patience may end when nothing else happens. */
  constructor(
    readonly context: LockContext,
    isWaited: () => boolean,
  ) {
    this.#isWaited = isWaited;
  }

  scanPath(path: RelPath): PendingScan {
    const { sides, clock } = this.context;
    return { since: clock.now(), scans: { a: sides.scanPath('a', path), b: sides.scanPath('b', path) } };
  }

  /** Side b has come (back). */
  scanAgain(looking: PendingScan, path: RelPath): void {
    looking.scans = { a: looking.scans.a, b: this.context.sides.scanPath('b', path) };
    delete looking.heldThen;
  }

  isLate({ since }: PendingScan): boolean {
    return this.context.clock.now() - since > PATIENCE_MS;
  }

  /**
   * Whether the path has been looked at, stood still when it was, and no update of it is being taken in or taking effect.
   * A look that found it in motion has not seen what was done there: another one follows.
   */
  isSettled({ scans }: PendingScan, path: RelPath): boolean {
    return this.#isScanned(scans) && !isInMotion(this.context.pair, path) && !this.#isMoving(path);
  }

  #isScanned({ a, b }: PendingScan['scans']): boolean {
    const { sides } = this.context;
    return sides.isScanned('a', a) && sides.isScanned('b', b);
  }

  /** Whether updates of `path` are to be taken in, are being taken in or taking effect, or a scan has to confirm it. */
  #isMoving(path: RelPath): boolean {
    const { heldUpdates, claims } = this.context;
    return heldUpdates.isMoving(path) || heldUpdates.isDue(path) || claims.heldBy(path, ['unconfirmed']) !== null;
  }

  /** Whether something for `path` is on its way to either side. */
  isInFlight(path: RelPath): boolean {
    const { claims, retries } = this.context;
    return claims.heldBy(path, MAY_CHANGE) !== null || retries.isMovingAt(path);
  }

  /**
   * Whether what was there at the asking is held by now, although more and more comes: the other side writes without a
   * pause, and the path never settles.
   */
  isOvertaken(looking: PendingScan, path: RelPath): boolean {
    if (!this.#isScanned(looking.scans)) return false;
    const held = this.context.lockStore.table.heldOf(path).length;
    looking.heldThen ??= held;
    return held >= looking.heldThen + CERTAINLY_NEWER;
  }

  setAlarm(): void {
    if (this.#isAlarmSet) return;
    this.#isAlarmSet = true;
    this.context.clock.after(PATIENCE_MS + 1, () => {
      this.#isAlarmSet = false;
      if (this.#isWaited()) this.setAlarm();
      this.context.mailbox.wake();
    });
  }

  /** What there is to know about a lock that is granted now; '' where nothing is. */
  noteOn({ scans }: PendingScan, path: RelPath): string {
    if (scans.b === 0) return 'Side b is away: what was changed there meanwhile is not known before it is back.';
    const { sides, pair } = this.context;
    if (!sides.isScanned('b', scans.b)) return 'Side b does not answer: what was changed there is not known yet.';
    return isInMotion(pair, path) ? 'It is being written to: what is there in the end is not known yet.' : '';
  }

  /** Why `path` cannot be locked at all. */
  nothingToLock(path: RelPath): SyncError | null {
    const { pair, lockStore } = this.context;
    const found = [pair.entry('a', path), pair.entry('b', path)];
    if (found.some((entry) => entry !== null && entry.type !== 'dir') || lockStore.table.locks.has(path)) return null;
    if (found.every((entry) => entry === null)) {
      return new SyncError('not-found', `There is no file ${quote(path)} on either side.`, {
        hint: 'See what there is with: client list',
      });
    }
    return new SyncError('usage', `${quote(path)} is a directory, and locks are for files.`, {
      hint: `Lock the files in it with a glob: client lock '${path}/**'`,
    });
  }

  /** What is shown of `path` has changed, and what is to be done there may have. */
  touched(path: RelPath): void {
    this.context.pair.generation++;
    this.context.pair.mark(path, true);
    this.context.mailbox.wake();
  }

  /** A grant is on disk, or could not get there: then it is none. */
  settle(answer: LockAnswer & { kind: 'granted' }, error: SyncError | null, { asker, called, note }: Granted): void {
    const { lock, changed } = answer;
    const isMissed =
      (asker === undefined || isCancelled(asker.ask.wait?.signal)) &&
      called.every(({ ask }) => ask.wait?.signal.aborted === true);
    if (changed && (error !== null || isMissed)) this.#takeBack(lock);
    for (const { ask, resolve } of asker === undefined ? called : [asker, ...called]) {
      resolve(error === null ? answered(ask, answer, note) : refused(lock.path, error));
    }
  }

  /** The grant could not be made durable, or nobody was there any more to be told of it. */
  #takeBack(lock: Lock): void {
    const { lockStore, pair, clock } = this.context;
    const { path, owner, side } = lock;
    // Renewed since: whoever did that is told whether it is on disk.
    if (lockStore.table.locks.get(path) !== lock) return;
    // What has been held meanwhile takes effect as after any unlock.
    lockStore.dispatch({ kind: 'unlock', path, owner, current: pair.entry(side, path), now: clock.now() });
    this.touched(path);
  }
}

/** Whether a side has `path`, or what is above or below it, in motion: then what stands there is not known yet. */
const isInMotion = ({ a, b }: Pair, path: RelPath): boolean => a.moving.touches(path) || b.moving.touches(path);
