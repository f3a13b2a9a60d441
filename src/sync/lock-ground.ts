// What the desk and those in line have in common: when a path has been seen and is settled, why there may be nothing to
// lock, and how a grant becomes a lock that somebody knows of, or none.
import { SyncError } from '../core/errors.js';
import type { Lock } from '../core/lock.js';
import type { LockAnswer } from '../core/lock-event.js';
import { quote, type RelPath, type Side } from '../core/path.js';
import { answered, refused } from './lock-answers.js';
import { type Asking, isCancelled } from './lock-ask.js';
import type { LockBook } from './lock-book.js';
import type { Pair } from './pair.js';

/** How long an asker waits for what is under way on the path, in milliseconds. */
const PATIENCE_MS = 20_000;

/** So many updates taken in one after the other: one was being fetched, one may have been told, the third is newer than both. */
const CERTAINLY_NEWER = 3;

/** What has to be seen before something is decided, and since when that is waited for. */
export interface Looking {
  readonly since: number;
  looks: Readonly<Record<Side, number>>;
  /** How many updates of the path were held when the looks had been taken. */
  heldThen?: number;
}

/** What the desk needs of its session. */
export interface DeskSurroundings {
  readonly pair: Pair;
  readonly book: LockBook;
  readonly now: () => number;
  /** Asks for a look at `path` on `side`. @returns the look's number, 0 where the side is away. */
  readonly lookAt: (side: Side, path: RelPath) => number;
  readonly isLooked: (side: Side, number: number) => boolean;
  /** Whether something for `path` is on its way to either side. */
  readonly isInFlight: (path: RelPath) => boolean;
  /** Whether updates of `path` are to be taken in, are being taken in or taking effect. */
  readonly isMoving: (path: RelPath) => boolean;
  readonly wake: () => void;
  /** Acts after `ms` milliseconds of real time, whatever the clock says. @returns the way to prevent it. */
  readonly after: (ms: number, act: () => void) => () => void;
}

/** Whom a grant is for. */
export interface Granted {
  /** Who asked just now, and did not stand in line. */
  readonly asker?: Asking;
  /** Who stood in line. */
  readonly called: readonly Asking[];
  readonly note: string;
}

/** The ground that locks are granted on. */
export class LockGround {
  private isAlarmSet = false;

  /** @param isWaited whether somebody waits whose patience may end when nothing else happens. */
  constructor(
    readonly around: DeskSurroundings,
    private readonly isWaited: () => boolean,
  ) {}

  lookAt(path: RelPath): Looking {
    const { lookAt, now } = this.around;
    return { since: now(), looks: { a: lookAt('a', path), b: lookAt('b', path) } };
  }

  /** Side b has come (back). */
  lookAgain(looking: Looking, path: RelPath): void {
    looking.looks = { a: looking.looks.a, b: this.around.lookAt('b', path) };
    delete looking.heldThen;
  }

  isLate({ since }: Looking): boolean {
    return this.around.now() - since > PATIENCE_MS;
  }

  /**
   * Whether the path has been looked at, stood still when it was, and no update of it is being taken in or taking effect.
   * A look that found it in motion has not seen what was done there: another one follows.
   */
  isSettled({ looks }: Looking, path: RelPath): boolean {
    const { isLooked, isMoving, pair } = this.around;
    return isLooked('a', looks.a) && isLooked('b', looks.b) && !isInMotion(pair, path) && !isMoving(path);
  }

  /**
   * Whether what was there at the asking is held by now, although more and more comes: the other side writes without a
   * pause, and the path never settles.
   */
  isOvertaken(looking: Looking, path: RelPath): boolean {
    const { isLooked, book } = this.around;
    if (!isLooked('a', looking.looks.a) || !isLooked('b', looking.looks.b)) return false;
    const held = book.table.heldOf(path).length;
    looking.heldThen ??= held;
    return held >= looking.heldThen + CERTAINLY_NEWER;
  }

  setAlarm(): void {
    if (this.isAlarmSet) return;
    this.isAlarmSet = true;
    this.around.after(PATIENCE_MS + 1, () => {
      this.isAlarmSet = false;
      if (this.isWaited()) this.setAlarm();
      this.around.wake();
    });
  }

  /** What there is to know about a lock that is granted now; '' where nothing is. */
  noteOn({ looks }: Looking, path: RelPath): string {
    if (looks.b === 0) return 'Side b is away: what was changed there meanwhile is not known before it is back.';
    const { isLooked, pair } = this.around;
    if (!isLooked('b', looks.b)) return 'Side b does not answer: what was changed there is not known yet.';
    return isInMotion(pair, path) ? 'It is being written to: what is there in the end is not known yet.' : '';
  }

  /** Why `path` cannot be locked at all. */
  nothingToLock(path: RelPath): SyncError | null {
    const { pair, book } = this.around;
    const found = [pair.entry('a', path), pair.entry('b', path)];
    if (found.some((entry) => entry !== null && entry.type !== 'dir') || book.table.locks.has(path)) return null;
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
    this.around.pair.generation++;
    this.around.pair.mark(path, true);
    this.around.wake();
  }

  /** A grant is on disk, or could not get there: then it is none. */
  settle(answer: LockAnswer & { kind: 'granted' }, error: SyncError | null, { asker, called, note }: Granted): void {
    const { lock, changed } = answer;
    const isMissed =
      (asker === undefined || isCancelled(asker.ask.wait?.signal)) &&
      called.every(({ ask }) => ask.wait?.signal.aborted === true);
    if (changed && (error !== null || isMissed)) this.takeBack(lock);
    for (const { ask, resolve } of asker === undefined ? called : [asker, ...called]) {
      resolve(error === null ? answered(ask, answer, note) : refused(lock.path, error));
    }
  }

  /** The grant could not be made durable, or nobody was there any more to be told of it. */
  private takeBack(lock: Lock): void {
    const { book, pair, now } = this.around;
    const { path, owner, side } = lock;
    // Renewed since: whoever did that is told whether it is on disk.
    if (book.table.locks.get(path) !== lock) return;
    // What has been held meanwhile takes effect as after any unlock.
    book.happen({ kind: 'unlock', path, owner, current: pair.entry(side, path), now: now() });
    this.touched(path);
  }
}

/** Whether a side has `path`, or what is above or below it, in motion: then what stands there is not known yet. */
const isInMotion = ({ a, b }: Pair, path: RelPath): boolean => a.moving.touches(path) || b.moving.touches(path);
