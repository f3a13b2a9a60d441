// Turns marks into queued changes: reconciles the marked paths, records what both sides agree on, and queues the rest.
// Paths that are claimed, under a lock or out of reach are left out; the code that frees them marks them again.

import type { Change } from '../../core/change.js';
import { limitCopies } from '../../core/conflicts/copy-limit.js';
import { conflictName } from '../../core/conflicts/copy-name.js';
import { sameContent, sameEntry } from '../../core/entry.js';
import { stampOf } from '../../core/file-name.js';
import { otherSide, type RelPath, type Side } from '../../core/path.js';
import { leadingSide } from '../../core/reconcile/leader.js';
import { type Conflict, type Plan, type ReconcileOptions, reconcile } from '../../core/reconcile/reconcile.js';
import { Snapshot } from '../../core/snapshot.js';
import type { Clock } from '../clock.js';
import type { HeldUpdates } from '../held/held-updates.js';
import type { LockState } from '../locks/lock-state.js';
import type { ClaimKind, Claims } from '../pair/claims.js';
import type { Pair } from '../pair/pair.js';
import type { ProblemRetries } from './problems.js';
import type { TransferQueue } from './transfer-queue.js';

/** The claims of work that goes on while nothing is planned: its paths are counted where it is done. */
const WORKED_ON: readonly ClaimKind[] = ['transfer', 'client-write', 'held-update'];

interface PlannerContext {
  readonly pair: Pair;
  readonly lockState: LockState;
  readonly heldUpdates: HeldUpdates;
  readonly retries: ProblemRetries;
  readonly clock: Pick<Clock, 'now'>;
  readonly claims: Claims;
}

/** Plans for one pair. */
export class Planner {
  readonly #context: PlannerContext;

  /** Conflicts whose resolving change has no outcome yet. */
  readonly #conflicts = new Map<RelPath, Conflict>();

  constructor(context: PlannerContext) {
    this.#context = context;
  }

  /** Plans for the marked paths. Both sides must have been scanned. */
  plan(queues: Readonly<Record<Side, TransferQueue>>): void {
    const { pair, claims } = this.#context;
    if (queues.a.size + queues.b.size === 0) pair.resumeMarks();
    if (pair.hasMarks) {
      this.#forgetSettled();
      const marks = pair.everythingMarked ? {} : { marks: pair.marks.root };
      const [a, b] = [pair.a.snapshot!, pair.b.snapshot!];
      const options = this.#options();
      const plan = limitCopies(reconcile(pair.archive, a, b, { ...options, ...marks }), a, b, options);
      pair.clearMarks();
      // Paths under a lock or out of reach are marked by the code that frees them, paths in transfer when the transfer
      // ends.
      for (const { path, marks: on } of plan.postponed)
        if (claims.heldBy(path) !== null) pair.postponed.addMarks(path, on);
      for (const { path, entry } of plan.agreed) pair.agree(path, entry);
      for (const conflict of plan.conflicts) this.#conflicts.set(conflict.path, conflict);
      queues.a.add(plan.toA);
      queues.b.add(plan.toB);
    }
    this.#removePreferences();
    queues.a.start();
    queues.b.start();
  }

  /**
   * Plans for the whole trees, to be looked at. Nothing is queued or recorded. What is queued or in transfer is planned
   * once more. Both sides must have been scanned.
   * @param partner whether side b is to be taken for another partner, as `resume --new-partner` would.
   */
  preview(partner = false): Plan {
    const { pair, heldUpdates } = this.#context;
    const options: ReconcileOptions = {
      ...this.#options(),
      firstContact: pair.firstContact || partner,
      pinned: (path) => pair.isOutOfReach(path) || heldUpdates.isFrozen(path),
    };
    const [a, b] = [pair.a.snapshot!, pair.b.snapshot!];
    return limitCopies(reconcile(partner ? new Snapshot() : pair.archive, a, b, options), a, b, options);
  }

  /**
   * @returns what would be planned now, so that it can be counted; null where side a is not known. Of a side b that was
   *   not seen yet, what was last shared counts. Paths of writes whose outcomes are lost with their connection, and those
   *   that a scan has to confirm, count by what is known of them.
   */
  waiting(): Plan | null {
    const { pair } = this.#context;
    const a = pair.a.snapshot;
    if (a === null) return null;
    const b = pair.b.snapshot ?? pair.archive;
    const options = this.#options(WORKED_ON);
    return limitCopies(reconcile(pair.archive, a, b, options), a, b, options);
  }

  /** @returns the side whose entry of `path` would be planned for both, where they differ. */
  leadingSide(path: RelPath): Side {
    const { pair } = this.#context;
    const entries = { o: pair.shared(path), a: pair.entry('a', path), b: pair.entry('b', path) };
    return leadingSide(path, entries, this.#preferences());
  }

  /** @returns the conflict that `change` resolved, once; null where there was none. */
  takeConflict({ path }: Change): Conflict | null {
    const conflict = this.#conflicts.get(path) ?? null;
    this.#conflicts.delete(path);
    return conflict;
  }

  /** @param among the claims of which a path is left out; all unless given. */
  #options(among?: readonly ClaimKind[]): Omit<ReconcileOptions, 'marks'> {
    const { pair, heldUpdates, clock, claims } = this.#context;
    const isClaimed = (path: RelPath) => claims.heldBy(path, among) !== null;
    const stamp = stampOf(new Date(clock.now()));
    const given = new Set<RelPath>();
    const taken = (path: RelPath) =>
      given.has(path) || isClaimed(path) || pair.entry('a', path) !== null || pair.entry('b', path) !== null;
    return {
      firstContact: pair.firstContact,
      pinned: (path) =>
        isClaimed(path) || pair.isOutOfReach(path) || heldUpdates.isFrozen(path) || this.#isDelayed(path),
      ...this.#preferences(),
      copyName: (path, side) => {
        const name = conflictName(path, side, stamp, taken);
        given.add(name);
        return name;
      },
    };
  }

  /** What the holders of locks have decided. */
  #preferences(): Pick<ReconcileOptions, 'winner' | 'overrides'> {
    const { pair, lockState } = this.#context;
    return {
      winner: (path) => lockState.table.preferences.get(path)?.side ?? null,
      overrides: (path) => {
        const { side, other, last } = lockState.table.preferences.get(path) ?? {};
        // The wish was about the former partner: a first contact with another one deletes nothing.
        if (side === undefined || other === undefined || pair.firstContact) return null;
        // A change saved after the unlock was never held: it is transferred, or is a conflict, like any other.
        const isLast = other === 'copy' || last === undefined || sameContent(pair.entry(otherSide(side), path), last);
        return isLast ? { side, other } : null;
      },
    };
  }

  /**
   * Whether the last attempt at `path` failed and the next one has to wait. A directory of both sides is planned: only its
   * mode can have failed, and that must not keep back what is in it.
   */
  #isDelayed(path: RelPath): boolean {
    const { pair, retries } = this.#context;
    if (pair.everythingMarked || !retries.isDelayed(path)) return false;
    return pair.entry('a', path)?.type !== 'dir' || pair.entry('b', path)?.type !== 'dir';
  }

  /**
   * Forgets the problems of paths on which both sides agree by now. Mode and time have to agree too, because setting
   * them can fail by itself.
   */
  #forgetSettled(): void {
    const { pair, retries, heldUpdates, claims } = this.#context;
    const isSettled = (path: RelPath) =>
      sameEntry(pair.entry('a', path), pair.entry('b', path)) && claims.heldBy(path) === null;
    for (const path of retries.forget((path) => isSettled(path) && !heldUpdates.isFrozen(path))) pair.mark(path, true);
  }

  /**
   * Removes the preferences that have taken effect. This runs in every turn, because often nothing is marked any more
   * when that happens.
   */
  #removePreferences(): void {
    const { pair, lockState, claims } = this.#context;
    for (const { path, other } of [...lockState.table.preferences.values()]) {
      const isSame = other === undefined ? sameContent : sameEntry;
      const isSettled = isSame(pair.entry('a', path), pair.entry('b', path)) && claims.heldBy(path) === null;
      if (isSettled && !lockState.table.drains.has(path)) lockState.dispatch({ kind: 'settled', path });
    }
  }
}
