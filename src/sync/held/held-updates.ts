// Held updates in practice: what the other side did to a locked path is kept as it comes; at the unlock it takes effect,
// one update after the other. The lock machine says what; this room carries it out.

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

/** Updates that take effect at one time: each is an open connection and an open file. */
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
    return this.#context.lockStore.table;
  }

  /** Whether `path` is to be left alone by synchronisation because of a lock. */
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

  /** Whether held updates of `path` are still coming in or taking effect. */
  isMoving(path: RelPath): boolean {
    return this.#arrivals.isFetching(path) || this.#table.drains.has(path);
  }

  /** Whether something has come under the lock of `path` that is to be held, and is not yet, for whatever reason. */
  isDue(path: RelPath): boolean {
    const lock = this.#table.locks.get(path);
    return lock !== undefined && this.#arrivals.isDue(lock);
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
   * Begins to fetch whatever has arrived on the other side of a lock since the last time, and goes on with the drains.
   * @param mayDrain whether files may be touched; what arrives is taken in always, else a later unlock knows nothing of it.
   */
  work(mayDrain = true): void {
    this.#arrivals.collect();
    if (mayDrain) this.#drain();
  }

  /** An update's content is safe: it takes its place in the queue. */
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
      if (this.#isEngaged(drain)) continue;
      const [first] = this.#table.heldOf(drain.path);
      if (first === undefined) this.#finished(drain.path, false, null);
      else if (drain.mode === 'apply') this.#follow(drain, first);
      else this.#setAside(drain);
    }
  }

  #isEngaged({ path, side }: Drain): boolean {
    if (this.#context.claims.heldBy(path) !== null) return true;
    // What is not yet on disk must not begin: after a crash the lock would be back, and half of its updates done.
    if (this.#context.lockStore.isPending(path)) return true;
    return this.#backoff.has(path, side);
  }

  /** The holder's version stays: what was held goes to versions, the plan does the rest. */
  #setAside({ path, side, mode }: Drain): void {
    const last = this.#table.heldOf(path).at(-1);
    const isDropped = mode === 'keep' && last?.after === null;
    this.#leaveToPlan(path, mode === 'discard' ? 'discarded' : 'held', false, () => {
      if (isDropped) this.#context.log.event({ event: 'conflict', path, kept: side, copy: null });
    });
  }

  /** Every held update of `path` goes to versions, and the plan makes both sides equal. */
  #leaveToPlan(path: RelPath, reason: 'held' | 'discarded', applied: boolean, ended: () => void = () => {}): void {
    const updates = this.#table.heldOf(path);
    const last = updates.at(-1);
    for (const update of updates) {
      if (!this.#putAside(path, update.file, reason)) return;
      this.#context.lockStore.dispatch({ kind: 'drained', path, applied }, () => {
        if (update === last) ended();
      });
    }
    this.#context.pair.generation++;
    this.#context.pair.mark(path, true);
  }

  /** @returns whether the content is in the versions, or nowhere any more; else that is a problem, and tried again. */
  #putAside(path: RelPath, file: string | null, reason: 'held' | 'discarded'): boolean {
    try {
      if (file !== null) this.#context.files.putAside(path, file, reason);
      return true;
    } catch (error) {
      this.#backoff.add(path, this.#context.pair.entry('a', path));
      const trouble = systemTrouble(error);
      const message = `A held update cannot be moved to the versions: ${reasonForNow(trouble)}.`;
      this.#context.retries.failed(path, trouble.code, message);
      return false;
    }
  }

  /** Somebody removed the content of a held update: that update is lost, and said so; the others go on. */
  #forgo(update: HeldUpdate): void {
    const { path, file } = update;
    const message = `The held content ${file} is gone from .lockstep/held, so that update cannot take effect.`;
    this.#context.log.event({ event: 'problem', path, code: 'unreadable', message });
    this.#finished(path, false, null);
  }

  #follow(drain: Drain, update: HeldUpdate): void {
    const { pair, sides } = this.#context;
    const { path, side } = drain;
    const target = sides.replica(side);
    if (target === null || pair.side(side).snapshot === null) return;
    const current = pair.entry(side, path);
    const isThere =
      sameEntry(current, update.after) || (sameContent(current, update.after) && !sameContent(current, update.base));
    if (isThere) this.#finished(path, true, update.file);
    else if (update.file !== null && !this.#context.files.has(update.file)) this.#forgo(update);
    else if (sameContent(current, update.base)) {
      if (this.#isOneStep(side, update)) this.#step(target, update, current);
      else this.#leaveToPlan(path, 'held', true);
    } else {
      const kept: Drain = { ...drain, mode: 'keep' };
      const rows = [
        { table: 'drain', key: path, value: kept },
        { table: 'preference', key: path, value: { path, side } },
      ] as const;
      this.#context.lockStore.commit(rows).then(
        () => this.#setAside(kept),
        () => {}, // said by the book; the next turn finds the drain as it is now
      );
    }
  }

  /** A directory that came, went, or is missing above takes more than one step: that is the plan's to do. */
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
    void this.#apply(target, change, this.#contentOf(update));
  }

  #contentOf({ file, after }: HeldUpdate): AsyncIterable<Content> {
    return file === null || after?.type !== 'file' ? noContent() : this.#context.files.read(file, after);
  }

  async #apply(target: Replica, change: Change, contents: AsyncIterable<Content>): Promise<void> {
    const { path } = change;
    let outcome: Outcome = { kind: 'stale' };
    try {
      for await (const applied of target.apply([change], contents)) outcome = applied.outcome;
    } catch (error) {
      this.#context.log.detail(`The unlock of ${path} was interrupted: ${(error as Error).message}`);
    }
    this.#context.mailbox.post({ kind: 'drain-step', path, change, outcome });
  }

  /** A step's outcome is known. */
  stepped({ path, change, outcome }: HeldEvent & { kind: 'drain-step' }): void {
    const claim = this.#stepping.get(path);
    this.#stepping.delete(path);
    if (claim !== undefined) this.#context.claims.release(claim);
    const drain = this.#table.drains.get(path);
    const [first] = this.#table.heldOf(path);
    if (drain === undefined || first === undefined) return;
    if (outcome.kind === 'done') {
      this.#context.pair.foldDone(drain.side, change);
      this.#finished(path, true, first.file);
      return;
    }
    this.#backoff.add(path, change.before);
    if (outcome.kind === 'problem') this.#context.retries.failed(path, outcome.code, outcome.message);
    else this.#context.retries.moved(path);
  }

  /** A path that waited for a look or for better times may be tried again. */
  retry(path: RelPath): void {
    // What rests may have been all that is left to do.
    if (this.#backoff.delete(path)) this.#context.mailbox.wake();
  }

  #finished(path: RelPath, applied: boolean, file: string | null): void {
    const { lockStore, files, pair } = this.#context;
    lockStore.dispatch({ kind: 'drained', path, applied }, (_, error) => {
      if (file !== null && error === null) files.remove(file);
    });
    pair.generation++;
    pair.mark(path, true);
  }
}

async function* noContent(): AsyncGenerator<Content> {}
