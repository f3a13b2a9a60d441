// Those who stand in line for a lock: they are told their place, leave when their time is over or nobody is at the other
// end any more, and get the lock when it is their turn. The order is the lock table's.

import { SyncError } from '../../core/errors.js';
import { type LockAnswer, refusal } from '../../core/locks/events.js';
import type { RelPath } from '../../core/path.js';
import type { Clock } from '../clock.js';
import { lockedBy, noLongerWaiting, refused } from './answers.js';
import type { LockBook } from './lock-store.js';
import type { LockGround, Looking } from './readiness.js';
import type { Asking } from './request.js';

/** Places are told this often at most, in milliseconds: of a thousand in line all move up at every grant. */
const TELL_MS = 100;
/** Those in line at one time: each is a request that is kept. */
export const MOST_IN_LINE = 65_536;

/** How long who has broken a lock waits until its held updates have taken effect, in milliseconds. */
const PATIENCE_MS = 20_000;

/** What lines need of their desk. */
export interface LineSurroundings {
  readonly book: LockBook;
  readonly clock: Pick<Clock, 'after'>;
  readonly mailbox: { wake(): void };
}

interface InLine {
  readonly asking: Asking;
  position: number;
  readonly leave: () => void;
}

/** Everybody who stands in line. */
export class LockLines {
  private readonly inLine = new Map<number, InLine>();
  /** Those who go, and why: null where their time is over. */
  private readonly leaving = new Map<number, SyncError | null>();
  private isTelling = false;

  constructor(private readonly around: LineSurroundings) {}

  get size(): number {
    return this.inLine.size;
  }

  /** Somebody has a place in line now. */
  join(asking: Asking, position: number): void {
    const { line, ask } = asking;
    const goes = (why: SyncError | null) => {
      this.leaving.set(line, why);
      this.around.mailbox.wake();
    };
    const onAbort = () => goes(noLongerWaiting(ask.path));
    const forMs = ask.wait === undefined ? PATIENCE_MS : ask.wait.forMs;
    const cancel = forMs === null ? () => {} : this.around.clock.after(forMs, () => goes(null));
    ask.wait?.signal.addEventListener('abort', onAbort, { once: true });
    const leave = () => {
      cancel();
      ask.wait?.signal.removeEventListener('abort', onAbort);
    };
    this.inLine.set(line, { asking, position, leave });
    if (ask.wait?.signal.aborted) onAbort();
    else ask.wait?.told(ask.path, position);
    this.tellSoon();
  }

  /** Lets those go who do not wait any longer. */
  serve(): void {
    for (const [line, why] of this.leaving) {
      const one = this.take(line);
      if (one !== null) this.refuse(one.asking, why);
    }
    this.leaving.clear();
  }

  private refuse({ ask, line, resolve }: Asking, why: SyncError | null): void {
    const { book } = this.around;
    const path = this.pathOf(line) ?? ask.path;
    book.happen({ kind: 'leave', path, line });
    const holder = refusal(book.table, path);
    const late = holder === null ? overdue(path) : lockedBy(path, holder);
    resolve(refused(path, why ?? late));
    this.tellSoon();
  }

  /** It may have moved along with its file. */
  private pathOf(line: number): RelPath | null {
    for (const queue of this.around.book.table.waiters.values()) {
      const found = queue.find(({ id }) => id === line);
      if (found !== undefined) return found.path;
    }
    return null;
  }

  /** The first in line for `path` is turned away: there is nothing to lock. */
  turnAway(path: RelPath, why: SyncError): void {
    const [first] = this.around.book.table.waitersOf(path);
    const one = first === undefined ? null : this.take(first.id);
    if (one !== null) this.refuse(one.asking, why);
    else if (first !== undefined) this.around.book.happen({ kind: 'leave', path, line: first.id });
  }

  /** @returns those whom a grant concerns; they stand in line no more. */
  called({ lines = [] }: LockAnswer & { kind: 'granted' }): Asking[] {
    if (lines.length > 0) this.tellSoon();
    return lines.flatMap((line) => this.take(line)?.asking ?? []);
  }

  private take(line: number): InLine | null {
    const one = this.inLine.get(line) ?? null;
    one?.leave();
    this.inLine.delete(line);
    return one;
  }

  private tellSoon(): void {
    if (this.isTelling || this.inLine.size === 0) return;
    this.isTelling = true;
    this.around.clock.after(TELL_MS, () => {
      this.isTelling = false;
      this.tellPlaces();
    });
  }

  private tellPlaces(): void {
    for (const queue of this.around.book.table.waiters.values()) {
      for (const [n, { id, path }] of queue.entries()) {
        const one = this.inLine.get(id);
        if (one === undefined || one.position === n + 1) continue;
        one.position = n + 1;
        one.asking.ask.wait?.told(path, n + 1);
      }
    }
  }
}

const overdue = (path: string): SyncError =>
  new SyncError('busy', `The lock of ${path} could not be had in time.`, { hint: 'Try again in a moment.' });

/** Grants to those in line. */
export class LockTurns {
  /** Paths that are free while somebody is in line for them. */
  private readonly free = new Map<RelPath, Looking>();

  constructor(
    private readonly ground: LockGround,
    private readonly lines: LockLines,
  ) {}

  get size(): number {
    return this.free.size;
  }

  /** Side b has come (back): what counts is a look at it from now on. */
  restart(): void {
    for (const [path, looking] of this.free) this.ground.lookAgain(looking, path);
  }

  serve(): void {
    const { table } = this.ground.around.book;
    for (const path of this.free.keys()) if (table.waitersOf(path).length === 0) this.free.delete(path);
    for (const path of [...table.waiters.keys()]) {
      if (table.locks.has(path) || table.drains.has(path)) this.free.delete(path);
      else this.serveLine(path);
    }
  }

  private serveLine(path: RelPath): void {
    const { ground, lines } = this;
    const { book, clock } = ground.around;
    const looking = this.free.get(path) ?? ground.lookAt(path);
    this.free.set(path, looking);
    ground.setAlarm();
    if (ground.isInFlight(path) || !(ground.isLate(looking) || ground.isSettled(looking, path))) return;
    this.free.delete(path);
    const why = ground.nothingToLock(path);
    if (why !== null) {
      lines.turnAway(path, why);
      return;
    }
    const note = ground.noteOn(looking, path);
    const granted = book.happen({ kind: 'grant', path, now: clock.now() }, (answer, error) => {
      if (answer.kind === 'granted') ground.settle(answer, error, { called, note });
    });
    const called = granted.kind === 'granted' ? lines.called(granted) : [];
    ground.touched(path);
  }
}
