// From the marks to the carriers: reconciles what is marked, notes what both sides agree on, and hands the rest over.
// What is claimed, under a lock or out of reach is left out, and marked again by whoever frees it.

import type { Change } from '../../core/change.js';
import { limitCopies } from '../../core/conflicts/copy-limit.js';
import { conflictName } from '../../core/conflicts/copy-name.js';
import { sameContent, sameEntry } from '../../core/entry.js';
import { stampOf } from '../../core/file-name.js';
import { otherSide, type RelPath, type Side } from '../../core/path.js';
import { type Conflict, type ReconcileOptions, reconcile } from '../../core/reconcile/reconcile.js';
import type { Clock } from '../clock.js';
import type { HeldUpdates } from '../held/held-updates.js';
import type { LockStore } from '../locks/lock-store.js';
import type { Claims } from '../pair/claims.js';
import type { Pair } from '../pair/pair.js';
import type { ProblemRetries } from './problems.js';
import type { TransferQueue } from './transfer-queue.js';

/** What planning needs of its session. */
interface PlannerContext {
  readonly pair: Pair;
  readonly lockStore: LockStore;
  readonly heldUpdates: HeldUpdates;
  readonly retries: ProblemRetries;
  readonly clock: Pick<Clock, 'now'>;
  readonly claims: Claims;
}

/** Plans for one pair. */
export class Planner {
  readonly #context: PlannerContext;

  /** Conflicts whose settling change is on its way. */
  readonly #conflicts = new Map<RelPath, Conflict>();

  constructor(context: PlannerContext) {
    this.#context = context;
  }

  /** Plans for whatever is marked; both sides must have been seen. */
  plan(queues: Readonly<Record<Side, TransferQueue>>): void {
    const { pair, claims } = this.#context;
    if (queues.a.size + queues.b.size === 0) pair.resumeMarks();
    if (pair.hasMarks) {
      this.#settle();
      const marks = pair.everythingMarked ? {} : { marks: pair.marks.root };
      const [a, b] = [pair.a.snapshot!, pair.b.snapshot!];
      const terms = this.#terms();
      const plan = limitCopies(reconcile(pair.archive, a, b, { ...terms, ...marks }), a, b, terms);
      pair.clearMarks();
      // What is under a lock or out of reach is marked by whoever frees it; what is being carried, when that has ended.
      for (const { path, marks: on } of plan.postponed)
        if (claims.heldBy(path) !== null) pair.postponed.addMarks(path, on);
      for (const { path, entry } of plan.agreed) pair.agree(path, entry);
      for (const conflict of plan.conflicts) this.#conflicts.set(conflict.path, conflict);
      queues.a.add(plan.toA);
      queues.b.add(plan.toB);
    }
    this.#settlePreferences();
    queues.a.start();
    queues.b.start();
  }

  /** @returns the conflict that `change` settled, once. */
  takeConflict({ path }: Change): Conflict | null {
    const conflict = this.#conflicts.get(path) ?? null;
    this.#conflicts.delete(path);
    return conflict;
  }

  #terms(): Omit<ReconcileOptions, 'marks'> {
    const { pair, lockStore, heldUpdates, clock, claims } = this.#context;
    const isClaimed = (path: RelPath) => claims.heldBy(path) !== null;
    const stamp = stampOf(new Date(clock.now()));
    const given = new Set<RelPath>();
    const taken = (path: RelPath) =>
      given.has(path) || isClaimed(path) || pair.entry('a', path) !== null || pair.entry('b', path) !== null;
    return {
      firstContact: pair.firstContact,
      pinned: (path) => isClaimed(path) || pair.isOutOfReach(path) || heldUpdates.isFrozen(path),
      winner: (path) => lockStore.table.preferences.get(path)?.side ?? null,
      overrides: (path) => {
        const { side, other, last } = lockStore.table.preferences.get(path) ?? {};
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
  #settle(): void {
    const { pair, retries, heldUpdates, claims } = this.#context;
    const isSettled = (path: RelPath) =>
      sameEntry(pair.entry('a', path), pair.entry('b', path)) && claims.heldBy(path) === null;
    for (const path of retries.forget((path) => isSettled(path) && !heldUpdates.isFrozen(path))) pair.mark(path, true);
  }

  /** Forgets preferences, at every turn: when what one led to is done, often nothing is marked any more. */
  #settlePreferences(): void {
    const { pair, lockStore, claims } = this.#context;
    for (const { path, other } of [...lockStore.table.preferences.values()]) {
      const isSame = other === undefined ? sameContent : sameEntry;
      const isSettled = isSame(pair.entry('a', path), pair.entry('b', path)) && claims.heldBy(path) === null;
      if (isSettled && !lockStore.table.drains.has(path)) lockStore.dispatch({ kind: 'settled', path });
    }
  }
}
