// Where clients ask for locks. A lock is granted on the newest version and an unlock settles what really happened, so
// both first have the path looked at on both sides and let what is under way for it arrive; then the machine decides.
import type { Entry } from '../core/entry.js';
import { SyncError } from '../core/errors.js';
import { isoTime } from '../core/iso-time.js';
import type { Lock } from '../core/lock.js';
import type { LockAnswer } from '../core/locks.js';
import type { RelPath, Side } from '../core/path.js';
import { quote } from '../core/path.js';
import type { Acted, Refused } from '../wire/messages.js';
import type { LockBook } from './lock-book.js';
import type { Pair } from './pair.js';

/** How long an asker waits for what is under way on the path, in milliseconds. */
const PATIENCE_MS = 20_000;

/** What one client wants of one path. */
export interface Ask {
  readonly kind: 'lock' | 'unlock';
  readonly path: RelPath;
  readonly owner: string;
  readonly side: Side;
  readonly message: string;
}

interface Waiting {
  readonly ask: Ask;
  readonly since: number;
  looks: Readonly<Record<Side, number>>;
  readonly resolve: (answer: Acted | Refused) => void;
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
  /** Whether updates of `path` are being taken in or taking effect. */
  readonly isMoving: (path: RelPath) => boolean;
  readonly wake: () => void;
  /** Acts after `ms` milliseconds. */
  readonly after: (ms: number, act: () => void) => void;
}

/** Answers those who ask for locks and unlocks. */
export class LockDesk {
  private waiting: Waiting[] = [];
  private isAlarmSet = false;

  constructor(private readonly around: DeskSurroundings) {}

  /** @returns the answer, once it is durable. */
  ask(ask: Ask): Promise<Acted | Refused> {
    const { lookAt, now, wake } = this.around;
    return new Promise((resolve) => {
      const looks = { a: lookAt('a', ask.path), b: lookAt('b', ask.path) };
      this.waiting.push({ ask, since: now(), looks, resolve });
      wake();
      this.setAlarm();
    });
  }

  /** Somebody's patience may end when nothing else happens. */
  private setAlarm(): void {
    if (this.isAlarmSet) return;
    this.isAlarmSet = true;
    this.around.after(PATIENCE_MS + 1, () => {
      this.isAlarmSet = false;
      if (this.waiting.length > 0) this.setAlarm();
      this.around.wake();
    });
  }

  /** Side b has come (back): what counts is a look at it from now on. */
  restart(): void {
    for (const waiting of this.waiting) {
      waiting.looks = { a: waiting.looks.a, b: this.around.lookAt('b', waiting.ask.path) };
    }
  }

  get isIdle(): boolean {
    return this.waiting.length === 0;
  }

  /** Decides whatever can be decided now. */
  serve(): void {
    if (this.waiting.length === 0) return;
    const still: Waiting[] = [];
    const due = this.waiting;
    this.waiting = still;
    for (const waiting of due) {
      if (this.isReady(waiting)) this.decide(waiting);
      else still.push(waiting);
    }
  }

  private isReady({ ask, since, looks }: Waiting): boolean {
    const { now, isLooked, isInFlight, isMoving } = this.around;
    if (now() - since > PATIENCE_MS) return true;
    if (!isLooked('a', looks.a) || !isLooked('b', looks.b) || isMoving(ask.path)) return false;
    return ask.kind === 'unlock' || !isInFlight(ask.path);
  }

  private decide(waiting: Waiting): void {
    const { ask } = waiting;
    if (ask.kind === 'lock' && this.around.isInFlight(ask.path)) {
      // What is still coming would come under the holder's hands.
      waiting.resolve(refused(ask.path, stillComing(ask.path)));
      return;
    }
    const refusal = ask.kind === 'lock' ? this.refusalOf(ask.path) : null;
    if (refusal !== null) {
      waiting.resolve(refused(ask.path, refusal));
      return;
    }
    this.around.book.happen(this.eventFor(ask), (answer, error) => {
      if (error !== null) {
        if (answer.kind === 'granted' && answer.changed) this.takeBack(ask, answer.lock);
        waiting.resolve(refused(ask.path, error as SyncError));
      } else waiting.resolve(answered(ask, answer));
    });
    this.around.pair.generation++;
    this.around.pair.mark(ask.path, true);
    this.around.wake();
  }

  private eventFor({ kind, path, owner, side, message }: Ask) {
    const { book, pair, now } = this.around;
    if (kind === 'lock') return { kind, path, owner, side, message, now: now() } as const;
    const holder = book.table.locks.get(path);
    return { kind, path, owner, current: pair.entry(holder?.side ?? 'a', path), now: now() } as const;
  }

  /** The grant could not be made durable, so it is none. */
  private takeBack(ask: Ask, lock: Lock): void {
    const { book } = this.around;
    // Renewed since: whoever did that is told whether it is on disk.
    if (book.table.locks.get(ask.path) !== lock) return;
    // What has been held meanwhile takes effect as after any unlock.
    if (book.table.heldOf(ask.path).length > 0) book.happen(this.eventFor({ ...ask, kind: 'unlock' }));
    else book.commit([{ table: 'lock', key: ask.path, value: null }]).catch(() => {});
  }

  /** Why `path` cannot be locked at all. */
  private refusalOf(path: RelPath): SyncError | null {
    const { pair, book } = this.around;
    const found: (Entry | null)[] = [pair.entry('a', path), pair.entry('b', path)];
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
}

function refused(path: string, error: SyncError): Refused {
  const { code, message, hint } = error;
  return { path, changed: false, error: { code: code ?? 'failed', message, hint: hint ?? '' } };
}

function answered({ path, owner }: Ask, answer: LockAnswer): Acted | Refused {
  if (answer.kind === 'granted') {
    const { lock, changed } = answer;
    return { path, changed, owner: lock.owner, side: lock.side, token: lock.token, since: iso(lock.since) };
  }
  if (answer.kind === 'released') return { path, changed: answer.owner !== null, owner, held: answer.held };
  if (answer.kind === 'refused') return refused(path, lockedBy(path, answer));
  return refused(
    path,
    new SyncError('busy', `The held updates of ${quote(path)} are still taking effect.`, {
      hint: 'Try again in a moment.',
    }),
  );
}

/** The refusal of what another's lock forbids. */
const stillComing = (path: string): SyncError =>
  new SyncError('busy', `A change of ${quote(path)} is still on its way.`, { hint: 'Try again when it has come.' });

export function lockedBy(path: string, { lock, held }: LockAnswer & { kind: 'refused' }): SyncError {
  const why = lock.message === '' ? '' : ` (${quote(lock.message)})`;
  const until = lock.expires === null ? '' : `, until ${iso(lock.expires)}`;
  const updates = held === 0 ? '' : `; ${held} update${held === 1 ? ' is' : 's are'} held`;
  return new SyncError(
    'locked',
    `${quote(path)} is locked by ${lock.owner} since ${iso(lock.since)}${until}${why}${updates}.`,
    {
      hint: `Ask ${lock.owner} to unlock it; see all locks with: client locks`,
    },
  );
}

/** @param ms milliseconds since 1970. */
export const iso = isoTime;
