// Keeps what the other side does to a locked path, update by update, and lets it take effect after the unlock. The lock
// machine (core/locks) decides; this folder fetches, writes and reports. Each update takes effect exactly once, and no
// content is dropped: what does not take effect goes to the versions.
//
//   drain (each turn, for each unlocked path that is free and not in backoff):
//     no update left              -> the drain is over; mark the path
//     mode discard or keep        -> move the updates to the versions; the plan makes both sides equal
//     update is there already     -> complete it without a write; its content goes to the versions
//     update's content is missing -> report a problem, drop this update
//     ... or is another one       -> the same, and what stands there goes to the versions
//     holder's side is at base    -> write the update as one step (directories: leave it to the plan)
//     holder's side has changed, or it is a deletion by a former partner
//                                 -> switch the drain to mode keep: the update becomes a conflict

import type { Change, Outcome } from '../../core/change.js';
import { type Entry, sameContent, sameEntry } from '../../core/entry.js';
import { actionOf } from '../../core/locks/held.js';
import type { Drain, HeldUpdate } from '../../core/locks/records.js';
import { otherSide, parentOf, type RelPath, type Side } from '../../core/path.js';
import { reasonForNow, systemTrouble } from '../../core/system-error.js';
import type { Content, Replica } from '../../replica.js';
import type { Claim } from '../pair/claims.js';
import { Arrivals } from './arrivals.js';
import type { HeldContext, HeldEvent } from './context.js';
import { Backoff } from './context.js';

export type { HeldContents, HeldContext, HeldEvent } from './context.js';

/** The most updates that take effect at one time: each takes a connection and an open file. */
const AT_ONCE = 8;

/** Fetches and drains held updates. */
export class HeldUpdates {
  readonly #context: HeldContext;

  readonly #stepping = new Map<RelPath, Claim>();
  readonly #backoff: Backoff;
  readonly #arrivals: Arrivals;

  constructor(context: HeldContext) {
    this.#context = context;

    this.#backoff = new Backoff(context.pair);
    this.#arrivals = new Arrivals(context, this.#backoff);
  }

  get #table() {
    return this.#context.lockState.table;
  }

  /** Whether the planner has to leave `path` out because of a lock. */
  isFrozen(path: RelPath): boolean {
    const table = this.#table;
    if (table.locks.size === 0 && table.drains.size === 0) return false;
    if (table.drains.has(path)) return true;
    const side = table.heldSide(path);
    if (side === null) return false;
    const { pair } = this.#context;
    if (table.heldOf(path).length > 0 || this.#arrivals.isFetching(path)) return true;
    const present = pair.entry(side, path);
    return !sameEntry(present, pair.shared(path)) && !sameEntry(present, pair.entry(otherSide(side), path));
  }

  /** Whether updates of `path` are being fetched or are taking effect. */
  isMoving(path: RelPath): boolean {
    return this.#arrivals.isFetching(path) || this.#table.drains.has(path);
  }

  /** Whether an update has arrived under the lock of `path` and is not held yet, for any reason. */
  isDue(path: RelPath): boolean {
    const lock = this.#table.locks.get(path);
    return lock !== undefined && this.#arrivals.isDue(lock);
  }

  /** What is being fetched to be held. */
  get fetching(): { readonly files: number; readonly bytes: number } {
    return this.#arrivals.fetching;
  }

  get isIdle(): boolean {
    return this.#arrivals.isIdle && this.#stepping.size === 0 && !this.#hasDueDrain();
  }

  #hasDueDrain(): boolean {
    for (const { path, side } of this.#table.drains.values()) {
      if (!this.#backoff.has(path, side) && this.#context.sides.replica(side) !== null) return true;
    }
    return false;
  }

  /**
   * Starts to fetch what has arrived on the other side of each lock, and goes on with the drains.
   * @param mayDrain whether files may be written. Updates are collected in any case: otherwise a later unlock would not
   *   know of them.
   */
  work(mayDrain = true): void {
    this.#arrivals.collect();
    if (mayDrain) this.#drain();
  }

  /** The content of an update is stored: the update joins the queue. */
  stored(event: HeldEvent & { kind: 'stored' }): void {
    this.#arrivals.stored(event);
  }

  notStored(event: HeldEvent & { kind: 'not-stored' }): void {
    this.#arrivals.notStored(event);
  }

  /** Takes the next step of every drain that can go on. */
  #drain(): void {
    for (const drain of [...this.#table.drains.values()]) {
      if (this.#stepping.size >= AT_ONCE) return;
      if (this.#isBlocked(drain)) continue;
      const [first] = this.#table.heldOf(drain.path);
      if (first === undefined) this.#finished(drain.path, false, null);
      else if (drain.mode === 'apply') this.#takeEffect(drain, first);
      else this.#keepHolders(drain);
    }
  }

  #isBlocked({ path, side }: Drain): boolean {
    if (this.#context.claims.heldBy(path) !== null) return true;
    // The unlock must be on disk first: after a crash the lock would be back with half of its updates done.
    if (this.#context.lockState.isPending(path)) return true;
    return this.#backoff.has(path, side);
  }

  /** The holder's content stays: the held updates go to the versions, and the plan makes both sides equal. */
  #keepHolders({ path, side, mode }: Drain): void {
    const last = this.#table.heldOf(path).at(-1);
    const isDropped = mode === 'keep' && last?.after === null;
    this.#leaveToPlan(path, mode === 'discard' ? 'discarded' : 'held', false, () => {
      if (isDropped) this.#context.log.event({ event: 'conflict', path, kept: side, copy: null });
    });
  }

  /** Moves every held update of `path` to the versions and leaves the rest to the plan. */
  #leaveToPlan(path: RelPath, reason: 'held' | 'discarded', applied: boolean, ended: () => void = () => {}): void {
    const updates = this.#table.heldOf(path);
    const last = updates.at(-1);
    for (const update of updates) {
      if (!this.#moveToVersions(path, update.file, reason)) return;
      this.#context.lockState.dispatch({ kind: 'drained', path, applied }, () => {
        if (update === last) ended();
      });
    }
    this.#context.pair.generation++;
    this.#context.pair.mark(path, true);
  }

  /**
   * @returns whether the content is in the versions or there is none. If it cannot be moved, that is a problem and is
   *   retried.
   */
  #moveToVersions(path: RelPath, file: string | null, reason: 'held' | 'discarded'): boolean {
    try {
      if (file !== null) this.#context.files.moveToVersions(path, file, reason);
      return true;
    } catch (error) {
      this.#backoff.add(path, this.#context.pair.entry('a', path));
      const problem = systemTrouble(error);
      const message = `A held update cannot be moved to the versions: ${reasonForNow(problem)}.`;
      this.#context.retries.failed(path, problem.code, message);
      return false;
    }
  }

  /**
   * The content of a held update was removed from held/: reports that this update is lost, and goes on with the others.
   */
  #dropMissing(update: HeldUpdate): void {
    const { path, file } = update;
    const message = `The held content ${file} is gone from .lockstep/held, so that update cannot take effect.`;
    this.#context.log.event({ event: 'problem', path, code: 'unreadable', message });
    this.#finished(path, false, null);
  }

  /**
   * The content of a held update is another one: reports that this update is lost, and goes on with the others. What
   * stands in held/ may be somebody's only copy, for example where a damaged lock table was read up to the damage and
   * its names had been given to other contents meanwhile.
   */
  #dropAltered(update: HeldUpdate): void {
    const { path, file } = update;
    if (!this.#moveAndFinish(update, false)) return;
    const message = `The held content ${file} in .lockstep/held is not what was held, so that update cannot take effect. What stands there goes to the versions.`;
    this.#context.log.event({ event: 'problem', path, code: 'unreadable', message });
  }

  /** Moves the content of `update` to the versions and completes it. @returns whether it could be moved. */
  #moveAndFinish({ path, file }: HeldUpdate, applied: boolean): boolean {
    const isMoved = this.#moveToVersions(path, file, 'held');
    if (isMoved) this.#finished(path, applied, null);
    return isMoved;
  }

  /** Lets the first update take effect on the side of the lock, as far as that side is still at its base. */
  #takeEffect(drain: Drain, update: HeldUpdate): void {
    const { pair, sides } = this.#context;
    const { path, side } = drain;
    const target = sides.replica(side);
    if (target === null || pair.side(side).snapshot === null) return;
    const current = pair.entry(side, path);
    const isThere =
      sameEntry(current, update.after) || (sameContent(current, update.after) && !sameContent(current, update.base));
    // Its file goes to the versions instead of being removed: nobody has looked whether it still has that content.
    if (isThere) this.#moveAndFinish(update, true);
    else if (update.file !== null && !this.#context.files.has(update.file)) this.#dropMissing(update);
    else if (sameContent(current, update.base) && !this.#isDropped(side, update)) {
      if (this.#isOneStep(side, update)) this.#step(target, update, current);
      else this.#leaveToPlan(path, 'held', true);
    } else {
      const kept: Drain = { ...drain, mode: 'keep' };
      const rows = [
        { table: 'drain', key: path, value: kept },
        { table: 'preference', key: path, value: { path, side } },
      ] as const;
      this.#context.lockState.commit(rows).then(
        () => this.#keepHolders(kept),
        () => {}, // the lock store has logged it; the next turn finds the drain unchanged
      );
    }
  }

  /** At a first contact nothing is deleted, and what the former partner deleted not after it either. */
  #isDropped(side: Side, update: HeldUpdate): boolean {
    return update.after === null && (this.#context.pair.firstContact || this.#isOfFormer(side, update));
  }

  /** Whether a former side b made `update`, which takes effect on `side`. */
  #isOfFormer(side: Side, { id }: HeldUpdate): boolean {
    return side === 'a' && id <= this.#context.pair.formerHeld;
  }

  /**
   * Whether one write makes the update take effect. Directories, and files whose parent is missing, take more: the plan
   * does them.
   */
  #isOneStep(side: Side, { path, base, after }: HeldUpdate): boolean {
    if (base?.type === 'dir' || after?.type === 'dir') return false;
    const parent = parentOf(path);
    return parent === '' || this.#context.pair.entry(side, parent)?.type === 'dir';
  }

  #step(target: Replica, update: HeldUpdate, current: Entry | null): void {
    const { path, after } = update;
    const claim = this.#context.claims.claim(path, 'held-update');
    this.#context.claims.begin(claim, 'a', 'b');
    this.#stepping.set(path, claim);
    const change: Change = { path, action: actionOf(current, after), before: current, after };
    void this.#apply(target, change, update);
  }

  #contentOf({ file, after }: HeldUpdate): AsyncIterable<Content> {
    return file === null || after?.type !== 'file' ? noContent() : this.#context.files.read(file, after);
  }

  async #apply(target: Replica, change: Change, update: HeldUpdate): Promise<void> {
    const { path } = change;
    let outcome: Outcome = { kind: 'stale' };
    try {
      for await (const applied of target.apply([change], this.#contentOf(update))) outcome = applied.outcome;
    } catch (error) {
      this.#context.log.detail(`The unlock of ${path} was interrupted: ${(error as Error).message}`);
    }
    const isAltered = outcome.kind === 'stale' && (await this.#isAltered(update));
    this.#context.mailbox.post({ kind: 'drain-step', path, change, outcome, isAltered });
  }

  /** Whether what stands in held/ for `update` is another content: then no attempt will succeed. */
  async #isAltered({ file, after }: HeldUpdate): Promise<boolean> {
    return file !== null && after?.type === 'file' && (await this.#context.files.isAltered(file, after));
  }

  /** A step of a drain has ended. */
  stepped({ path, change, outcome, isAltered }: HeldEvent & { kind: 'drain-step' }): void {
    const claim = this.#stepping.get(path);
    this.#stepping.delete(path);
    if (claim !== undefined) this.#context.claims.release(claim);
    const drain = this.#table.drains.get(path);
    const [first] = this.#table.heldOf(path);
    if (drain === undefined || first === undefined) return;
    if (outcome.kind === 'done') {
      this.#fold(drain.side, change, first);
      this.#finished(path, true, first.file);
      return;
    }
    if (isAltered) {
      this.#dropAltered(first);
      return;
    }
    this.#backoff.add(path, change.before);
    if (outcome.kind === 'problem') this.#context.retries.failed(path, outcome.code, outcome.message);
    else this.#context.retries.moved(path);
  }

  /** What another partner had held was never shared with the present one: it counts as a change of `side`. */
  #fold(side: Side, change: Change, update: HeldUpdate): void {
    const { pair } = this.#context;
    const { path, base } = update;
    const isOld = pair.firstContact || this.#isOfFormer(side, update);
    const isShared = !isOld && sameContent(pair.shared(path), base);
    if (isShared) pair.foldDone(side, change);
    else pair.foldWritten(side, change);
  }

  /** Ends the backoff of `path`. */
  retry(path: RelPath): void {
    // This path may be all that is left to do, so it needs a turn.
    if (this.#backoff.delete(path)) this.#context.mailbox.wake();
  }

  #finished(path: RelPath, applied: boolean, file: string | null): void {
    const { lockState, files, pair } = this.#context;
    lockState.dispatch({ kind: 'drained', path, applied }, (_, error) => {
      if (file !== null && error === null) files.remove(file);
    });
    pair.generation++;
    pair.mark(path, true);
  }
}

async function* noContent(): AsyncGenerator<Content> {}
