// From the marks to the carriers: reconciles what is marked, notes what both sides agree on, and hands the rest over.
// What is claimed, under a lock or out of reach is left out, and marked again by whoever frees it.

import type { Change } from '../../core/change.js';
import { limitCopies } from '../../core/conflicts/copy-limit.js';
import { conflictName } from '../../core/conflicts/copy-name.js';
import { sameContent, sameEntry } from '../../core/entry.js';
import { stampOf } from '../../core/file-name.js';
import { otherSide, type RelPath, type Side } from '../../core/path.js';
import { type Conflict, reconcile, type Terms } from '../../core/reconcile/reconcile.js';
import type { Clock } from '../clock.js';
import type { Holding } from '../held/held-updates.js';
import type { LockBook } from '../locks/lock-store.js';
import type { Claims } from '../pair/claims.js';
import type { Pair } from '../pair/pair.js';
import type { Troubles } from './problems.js';
import type { Carrier } from './transfer-queue.js';

/** What planning needs of its session. */
export interface PlannerSurroundings {
  readonly pair: Pair;
  readonly book: LockBook;
  readonly holding: Holding;
  readonly troubles: Troubles;
  readonly clock: Pick<Clock, 'now'>;
  readonly claims: Claims;
}

/** Plans for one pair. */
export class Planner {
  /** Conflicts whose settling change is on its way. */
  private readonly conflicts = new Map<RelPath, Conflict>();

  constructor(private readonly around: PlannerSurroundings) {}

  /** Plans for whatever is marked; both sides must have been seen. */
  plan(carriers: Readonly<Record<Side, Carrier>>): void {
    const { pair, claims } = this.around;
    if (carriers.a.size + carriers.b.size === 0) pair.resumeMarks();
    if (pair.hasMarks) {
      this.settle();
      const marks = pair.everythingMarked ? {} : { marks: pair.marks.root };
      const [a, b] = [pair.a.snapshot!, pair.b.snapshot!];
      const terms = this.terms();
      const plan = limitCopies(reconcile(pair.archive, a, b, { ...terms, ...marks }), a, b, terms);
      pair.clearMarks();
      // What is under a lock or out of reach is marked by whoever frees it; what is being carried, when that has ended.
      for (const { path, marks: on } of plan.postponed)
        if (claims.heldBy(path) !== null) pair.postponed.addMarks(path, on);
      for (const { path, entry } of plan.agreed) pair.agree(path, entry);
      for (const conflict of plan.conflicts) this.conflicts.set(conflict.path, conflict);
      carriers.a.add(plan.toA);
      carriers.b.add(plan.toB);
    }
    this.settlePreferences();
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
    const { pair, book, holding, clock, claims } = this.around;
    const isClaimed = (path: RelPath) => claims.heldBy(path) !== null;
    const stamp = stampOf(new Date(clock.now()));
    const given = new Set<RelPath>();
    const taken = (path: RelPath) =>
      given.has(path) || isClaimed(path) || pair.entry('a', path) !== null || pair.entry('b', path) !== null;
    return {
      firstContact: pair.firstContact,
      pinned: (path) => isClaimed(path) || pair.isOutOfReach(path) || holding.isFrozen(path),
      keeper: (path) => book.table.preferences.get(path)?.side ?? null,
      insists: (path) => {
        const { side, other, last } = book.table.preferences.get(path) ?? {};
        if (side === undefined || other === undefined) return null;
        // What was saved after the unlock was never held: it goes over, or is a conflict, like any other change.
        const isLast = other === 'copy' || last === undefined || sameContent(pair.entry(otherSide(side), path), last);
        return isLast ? { side, other } : null;
      },
      copyName: (path, side) => {
        const name = conflictName(path, side, stamp, taken);
        given.add(name);
        return name;
      },
    };
  }

  /** Forgets troubles of paths on which both sides agree by now, bits and times too: those can fail by themselves. */
  private settle(): void {
    const { pair, troubles, holding, claims } = this.around;
    const isSettled = (path: RelPath) =>
      sameEntry(pair.entry('a', path), pair.entry('b', path)) && claims.heldBy(path) === null;
    for (const path of troubles.forget((path) => isSettled(path) && !holding.isFrozen(path))) pair.mark(path, true);
  }

  /** Forgets preferences, at every turn: when what one led to is done, often nothing is marked any more. */
  private settlePreferences(): void {
    const { pair, book, claims } = this.around;
    for (const { path, other } of [...book.table.preferences.values()]) {
      const isSame = other === undefined ? sameContent : sameEntry;
      const isSettled = isSame(pair.entry('a', path), pair.entry('b', path)) && claims.heldBy(path) === null;
      if (isSettled && !book.table.drains.has(path)) book.happen({ kind: 'settled', path });
    }
  }
}
