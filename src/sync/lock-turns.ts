// Whose turn it is: the first in line for a path that is free is granted its lock when the path has been looked at and
// nothing is under way for it, as for anybody who asks for one.
import type { RelPath } from '../core/path.js';
import type { LockGround, Looking } from './locks/readiness.js';
import type { LockLines } from './locks/waiters.js';

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
