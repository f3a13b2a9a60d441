// From the marks to the carriers: reconciles what is marked, notes what both sides agree on, and hands the rest over.
// What is pinned (in somebody's hands, under a lock, out of reach) is left out and marked again by whoever frees it.
import type { Change } from '../core/change.js';
import { conflictName, stampOf } from '../core/conflict-name.js';
import { sameContent } from '../core/entry.js';
import type { RelPath, Side } from '../core/path.js';
import { type Conflict, reconcile, type Terms } from '../core/reconcile.js';
import type { Carrier } from './carrier.js';
import type { Holding } from './holding.js';
import type { LockBook } from './lock-book.js';
import type { Pair } from './pair.js';
import type { Troubles } from './troubles.js';

/** What planning needs of its session. */
export interface PlannerSurroundings {
  readonly pair: Pair;
  readonly book: LockBook;
  readonly holding: Holding;
  readonly troubles: Troubles;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly isBusy: (path: RelPath) => boolean;
}

/** Plans for one pair. */
export class Planner {
  /** Conflicts whose settling change is on its way. */
  private readonly conflicts = new Map<RelPath, Conflict>();

  constructor(private readonly around: PlannerSurroundings) {}

  /** Plans for whatever is marked; both sides must have been seen. */
  plan(carriers: Readonly<Record<Side, Carrier>>): void {
    const { pair } = this.around;
    if (pair.hasMarks) {
      const marks = pair.everythingMarked ? {} : { marks: pair.marks.root };
      const plan = reconcile(pair.archive, pair.a.snapshot!, pair.b.snapshot!, { ...this.terms(), ...marks });
      pair.clearMarks();
      // What is under a lock or out of reach is marked by whoever frees it; what is being carried, when that has ended.
      for (const { path, marks: on } of plan.postponed) if (this.around.isBusy(path)) pair.postponed.addMarks(path, on);
      for (const { path, entry } of plan.agreed) pair.agree(path, entry);
      for (const conflict of plan.conflicts) this.conflicts.set(conflict.path, conflict);
      carriers.a.add(plan.toA);
      carriers.b.add(plan.toB);
      this.settle();
    }
    carriers.a.start();
    carriers.b.start();
  }

  /** @returns the conflict that `change` settled, once. */
  takeConflict({ path }: Change): Conflict | null {
    const conflict = this.conflicts.get(path) ?? null;
    this.conflicts.delete(path);
    return conflict;
  }

  private terms(): Omit<Terms, 'marks'> {
    const { pair, book, holding, now, isBusy } = this.around;
    const stamp = stampOf(new Date(now()));
    const given = new Set<RelPath>();
    const taken = (path: RelPath) =>
      given.has(path) || isBusy(path) || pair.entry('a', path) !== null || pair.entry('b', path) !== null;
    return {
      firstContact: pair.firstContact,
      pinned: (path) => isBusy(path) || pair.isOutOfReach(path) || holding.isFrozen(path),
      keeper: (path) => book.table.preferences.get(path)?.side ?? null,
      copyName: (path, side) => {
        const name = conflictName(path, side, stamp, taken);
        given.add(name);
        return name;
      },
    };
  }

  /** Forgets troubles and preferences of paths on which both sides agree by now. */
  private settle(): void {
    const { pair, book, troubles, isBusy } = this.around;
    const isSettled = (path: RelPath) => sameContent(pair.entry('a', path), pair.entry('b', path)) && !isBusy(path);
    troubles.forget(isSettled);
    for (const path of [...book.table.preferences.keys()]) {
      if (isSettled(path) && !book.table.drains.has(path)) book.happen({ kind: 'settled', path });
    }
  }
}
