// Held updates in practice: what the other side did to a locked path is fetched and kept as it comes; at the unlock it
// takes effect, one update after the other. The lock machine says what; this room carries it out.
import type { Change, Outcome } from '../core/change.js';
import { type Entry, sameContent, sameEntry } from '../core/entry.js';
import type { Drain, HeldUpdate } from '../core/lock-table.js';
import { actionOf, arrivalOn } from '../core/locks.js';
import { otherSide, type RelPath, type Side } from '../core/path.js';
import type { HeldFiles } from '../disk/held-files.js';
import type { Logger } from '../log.js';
import type { LockBook } from './lock-book.js';
import type { Pair } from './pair.js';
import type { Content, Replica } from './replica.js';

export type HoldingEvent =
  | {
      readonly kind: 'stored';
      readonly path: RelPath;
      readonly base: Entry | null;
      readonly after: Entry | null;
      readonly file: string | null;
    }
  /** The content was gone before it could be fetched (error null), or could not be kept. */
  | { readonly kind: 'not-stored'; readonly path: RelPath; readonly after: Entry | null; readonly error: unknown }
  | { readonly kind: 'drain-step'; readonly path: RelPath; readonly change: Change; readonly outcome: Outcome };

/** What holding needs of its session. */
export interface HoldingSurroundings {
  readonly pair: Pair;
  readonly book: LockBook;
  readonly files: HeldFiles;
  readonly log: Logger;
  readonly now: () => number;
  readonly post: (event: HoldingEvent) => void;
  /** The replica of a side, null while it is away. */
  readonly replica: (side: Side) => Replica | null;
  readonly isBusy: (path: RelPath) => boolean;
  /** The path was not as expected: it is looked at, and tried, again. */
  readonly lookAgain: (path: RelPath) => void;
  readonly report: (path: RelPath, outcome: Outcome & { kind: 'problem' }) => void;
}

/** Fetches and drains held updates. */
export class Holding {
  private readonly fetching = new Set<RelPath>();
  private readonly stepping = new Set<RelPath>();
  /** Paths that wait for better times, and what was there when the last attempt failed: anything else is worth one. */
  private readonly resting = new Map<RelPath, Entry | null>();

  constructor(private readonly around: HoldingSurroundings) {}

  private get table() {
    return this.around.book.table;
  }

  /** Whether `path` is to be left alone by synchronisation because of a lock. */
  isFrozen(path: RelPath): boolean {
    const { table } = this;
    if (table.locks.size === 0 && table.drains.size === 0) return false;
    if (table.drains.has(path)) return true;
    const side = table.heldSide(path);
    if (side === null) return false;
    if (table.heldOf(path).length > 0 || this.fetching.has(path)) return true;
    const { pair } = this.around;
    const present = pair.entry(side, path);
    return !sameEntry(present, this.shared(path)) && !sameEntry(present, pair.entry(otherSide(side), path));
  }

  /** Whether held updates of `path` are still coming in or taking effect. */
  isMoving(path: RelPath): boolean {
    return this.fetching.has(path) || this.table.drains.has(path);
  }

  get isIdle(): boolean {
    return this.fetching.size === 0 && this.stepping.size === 0 && !this.hasDueDrain();
  }

  private hasDueDrain(): boolean {
    for (const { path, side } of this.table.drains.values()) {
      if (!this.isResting(path, side) && this.around.replica(side) !== null) return true;
    }
    return false;
  }

  private shared(path: RelPath): Entry | null {
    const node = this.around.pair.archive.get(path);
    return node?.type === 'dir' ? { type: 'dir', mode: node.mode } : node;
  }

  /** Begins to fetch whatever has arrived on the other side of a lock since the last time. */
  collect(): void {
    for (const lock of this.table.locks.values()) this.collectAt(lock.path, otherSide(lock.side));
  }

  private collectAt(path: RelPath, side: Side): void {
    const { pair, replica, isBusy } = this.around;
    const source = replica(side);
    if (source === null || pair.side(side).snapshot === null || pair.isOutOfReach(path)) return;
    if (this.fetching.has(path) || this.isResting(path, side) || isBusy(path)) return;
    const present = pair.entry(side, path);
    const arrival = arrivalOn(this.table, path, this.shared(path), present);
    if (arrival === null) return;
    if (this.table.heldOf(path).length === 0 && sameEntry(present, pair.entry(otherSide(side), path))) return;
    this.fetching.add(path);
    void this.fetch(path, source, arrival.base, present);
  }

  private async fetch(path: RelPath, source: Replica, base: Entry | null, after: Entry | null): Promise<void> {
    const { files, post } = this.around;
    try {
      if (after?.type !== 'file' || sameContent(base, after)) {
        post({ kind: 'stored', path, base, after, file: null });
        return;
      }
      const number = this.nextFileNumber();
      const file = await files.save(path, number, after, source.read([{ path, file: after }]));
      if (file === null) post({ kind: 'not-stored', path, after, error: null });
      else post({ kind: 'stored', path, base, after, file });
    } catch (error) {
      post({ kind: 'not-stored', path, after, error });
    }
  }

  private fileNumber = 0;

  private nextFileNumber(): number {
    this.fileNumber = Math.max(this.fileNumber, this.table.counter('held')) + 1;
    return this.fileNumber;
  }

  /** An update's content is safe: it takes its place in the queue. */
  stored({ path, base, after, file }: HoldingEvent & { kind: 'stored' }): void {
    this.fetching.delete(path);
    const { book, pair, now } = this.around;
    if (!this.table.locks.has(path)) {
      if (file !== null) this.around.files.putAside(path, file);
      pair.mark(path, true);
      return;
    }
    book.happen({ kind: 'hold', path, base, after, file, now: now() });
    pair.generation++;
  }

  notStored({ path, after, error }: HoldingEvent & { kind: 'not-stored' }): void {
    this.fetching.delete(path);
    this.resting.set(path, after);
    if (error === null) this.around.lookAgain(path);
    else {
      const message = `${(error as Error).message} It is tried again.`;
      this.around.report(path, { kind: 'problem', code: 'io-error', message });
    }
  }

  /** Takes the next step of every drain that can go on. */
  drain(): void {
    for (const drain of [...this.table.drains.values()]) {
      if (this.isEngaged(drain)) continue;
      const [first] = this.table.heldOf(drain.path);
      if (first === undefined) this.finished(drain.path, false, null);
      else if (drain.mode === 'keep') this.setAside(drain);
      else this.follow(drain, first);
    }
  }

  private isEngaged({ path, side }: Drain): boolean {
    if (this.stepping.has(path) || this.fetching.has(path) || this.around.isBusy(path)) return true;
    return this.isResting(path, side);
  }

  private isResting(path: RelPath, side: Side): boolean {
    const tried = this.resting.get(path);
    return tried !== undefined && sameEntry(tried, this.around.pair.entry(side, path));
  }

  /** The holder changed the file too: its version stays, what was held goes to versions, the plan does the rest. */
  private setAside(drain: Drain): void {
    const { path, side } = drain;
    const updates = this.table.heldOf(path);
    if (updates.at(-1)?.after === null) this.around.log.event({ event: 'conflict', path, kept: side, copy: null });
    for (const update of updates) {
      if (update.file !== null) this.around.files.putAside(path, update.file);
      this.around.book.happen({ kind: 'drained', path, applied: false });
    }
    this.around.pair.generation++;
    this.around.pair.mark(path, true);
  }

  private follow(drain: Drain, update: HeldUpdate): void {
    const { pair, replica } = this.around;
    const { path, side } = drain;
    const target = replica(side);
    if (target === null || pair.side(side).snapshot === null) return;
    const current = pair.entry(side, path);
    if (sameEntry(current, update.after)) this.finished(path, true, update.file);
    else if (sameContent(current, update.base)) this.step(target, update, current);
    else {
      const kept: Drain = { ...drain, mode: 'keep' };
      void this.around.book.commit([
        { table: 'drain', key: path, value: kept },
        { table: 'preference', key: path, value: { path, side } },
      ]);
      this.setAside(kept);
    }
  }

  private step(target: Replica, update: HeldUpdate, current: Entry | null): void {
    const { path, after } = update;
    this.stepping.add(path);
    const change: Change = { path, action: actionOf(current, after), before: current, after };
    void this.apply(target, change, this.contentOf(update));
  }

  private contentOf({ file, after }: HeldUpdate): AsyncIterable<Content> {
    return file === null || after?.type !== 'file' ? noContent() : this.around.files.read(file, after);
  }

  private async apply(target: Replica, change: Change, contents: AsyncIterable<Content>): Promise<void> {
    const { path } = change;
    let outcome: Outcome = { kind: 'stale' };
    try {
      for await (const applied of target.apply([change], contents)) outcome = applied.outcome;
    } catch (error) {
      this.around.log.detail(`The unlock of ${path} was interrupted: ${(error as Error).message}`);
    }
    this.around.post({ kind: 'drain-step', path, change, outcome });
  }

  /** A step's outcome is known. */
  stepped({ path, change, outcome }: HoldingEvent & { kind: 'drain-step' }): void {
    this.stepping.delete(path);
    const drain = this.table.drains.get(path);
    const [first] = this.table.heldOf(path);
    if (drain === undefined || first === undefined) return;
    if (outcome.kind === 'done') {
      this.around.pair.foldDone(drain.side, change);
      this.finished(path, true, first.file);
      return;
    }
    this.resting.set(path, change.before);
    if (outcome.kind === 'problem') this.around.report(path, outcome);
    else this.around.lookAgain(path);
  }

  /** A path that waited for a look or for better times may be tried again. */
  retry(path: RelPath): void {
    this.resting.delete(path);
  }

  private finished(path: RelPath, applied: boolean, file: string | null): void {
    const { book, files, pair } = this.around;
    book.happen({ kind: 'drained', path, applied }, (_, error) => {
      if (file !== null && error === null) files.remove(file);
    });
    pair.generation++;
    pair.mark(path, true);
  }
}

async function* noContent(): AsyncGenerator<Content> {}
