// Carries one side's changes from the plan to the replica: small ones in order and in batches on one lane, large files
// one by one on lanes of their own, so that a gigabyte under way holds up nothing else. It decides nothing; every path of
// a change is claimed until its outcome is known.

import { type Change, contentOf, type Outcome, pathsOf } from '../../core/change.js';
import { isWorthAsking } from '../../core/delta.js';
import { sizeOf } from '../../core/entry.js';
import { parentOf, type RelPath, type Side } from '../../core/path.js';
import type { Content, Replica, Wanted } from '../../replica.js';
import type { Claims } from '../pair/claims.js';
import { bytesOf } from '../peer/announced.js';
import type { QueuedChange } from './queued-change.js';

/** A file from this size on, in bytes, travels alone. */
const LARGE_BYTES = 4 << 20;
const LARGE_AT_ONCE = 2;
/** A batch ends with this many changes or bytes of content. */
const BATCH_CHANGES = 2_000;
const BATCH_BYTES = 64 << 20;

/** What a carrier tells its session. */
export type TransferEvent =
  | {
      readonly kind: 'applied';
      readonly side: Side;
      readonly change: Change;
      readonly outcome: Outcome;
      readonly ms: number;
    }
  /** A job ended; `left` are changes whose outcome will never be known. */
  | { readonly kind: 'job-ended'; readonly side: Side; readonly left: readonly Change[]; readonly error: unknown };

/** Brings changes to one side. */
export class TransferQueue {
  readonly #side: Side;
  readonly #target: Replica;
  readonly #source: Replica;
  readonly #post: (event: TransferEvent) => void;
  /** Whether the directory that a change needs is there already. */
  readonly #isReady: (change: Change) => boolean;
  readonly #now: () => number;
  readonly #claims: Claims;

  #small: QueuedChange[] = [];
  #large: QueuedChange[] = [];
  #smallRunning = false;
  #largeRunning = 0;
  readonly #running = new Set<Promise<void>>();
  readonly #queuedChanges = new Map<RelPath, QueuedChange>();

  constructor(
    side: Side,
    target: Replica,
    source: Replica,
    post: (event: TransferEvent) => void,
    isReady: (change: Change) => boolean,
    now: () => number,
    claims: Claims,
  ) {
    this.#side = side;
    this.#target = target;
    this.#source = source;
    this.#post = post;
    this.#isReady = isReady;
    this.#now = now;
    this.#claims = claims;
  }

  /** Takes over changes, in the order in which they must be carried out. */
  add(changes: readonly Change[]): void {
    const since = this.#now();
    for (const change of changes) {
      const paths = [...pathsOf(change)];
      const claims = paths.map((path) => this.#claims.claim(path, 'transfer'));
      const queued: QueuedChange = {
        change,
        since,
        size: sizeOf(contentOf(change)),
        arrived: 0,
        state: 'waiting',
        claims,
      };
      for (const path of paths) this.#queuedChanges.set(path, queued);
      const alone = queued.size >= LARGE_BYTES && change.before?.type !== 'dir';
      (alone ? this.#large : this.#small).push(queued);
    }
  }

  /** How many paths are in its hands. */
  get size(): number {
    return this.#queuedChanges.size;
  }

  /** @returns how much of the content for `path` has come, 0–100; null where none is on its way. */
  progress(path: RelPath): number | null {
    const queued = this.#queuedChanges.get(path);
    if (queued === undefined || queued.size === 0) return null;
    return Math.min(100, Math.floor((queued.arrived / queued.size) * 100));
  }

  /** Every change in its hands, under each path that it touches. */
  get transferred(): ReadonlyMap<RelPath, QueuedChange> {
    return this.#queuedChanges;
  }

  /**
   * Gives a path back that was not begun yet, because it has changed again.
   * @returns every path that is free now: a rename has two, and both want to be compared anew.
   */
  recall(path: RelPath): readonly RelPath[] {
    const queued = this.#queuedChanges.get(path);
    if (queued?.state !== 'waiting') return [];
    queued.state = 'recalled';
    this.#free(queued);
    return [...pathsOf(queued.change)];
  }

  /** Gives back what was not begun below `directory`, which could not be made. @returns every path that is free now. */
  recallBelow(directory: RelPath): RelPath[] {
    const below = [...this.#queuedChanges.keys()].filter((path) => path.startsWith(`${directory}/`));
    return below.flatMap((path) => this.recall(path));
  }

  #free(queued: QueuedChange): void {
    for (const path of pathsOf(queued.change))
      if (this.#queuedChanges.get(path) === queued) this.#queuedChanges.delete(path);
    for (const claim of queued.claims) this.#claims.release(claim);
  }

  /** The connection is lost: what was not begun is given up, the rest stays claimed until its job has ended. */
  disconnect(): void {
    for (const [path, { state }] of [...this.#queuedChanges]) if (state === 'waiting') this.recall(path);
    for (const { claims } of new Set(this.#queuedChanges.values())) {
      for (const claim of claims) this.#claims.handOver(claim, 'disconnected-peer');
    }
  }

  /** Whether some job has not ended. */
  get isRunning(): boolean {
    return this.#running.size > 0;
  }

  /** Resolves when no job is running any more. */
  async rest(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  /** Begins whatever has a free lane. */
  start(): void {
    if (!this.#smallRunning) {
      const batch = this.#nextBatch();
      if (batch.length > 0) {
        this.#smallRunning = true;
        this.#begin(batch, () => {
          this.#smallRunning = false;
        });
      }
    }
    this.#large = this.#large.filter(({ state }) => state !== 'recalled');
    this.#giveUpOrphans();
    while (this.#largeRunning < LARGE_AT_ONCE) {
      const at = this.#large.findIndex(({ change }) => this.#isReady(change));
      if (at < 0) return;
      this.#largeRunning++;
      this.#begin(this.#large.splice(at, 1), () => {
        this.#largeRunning--;
      });
    }
  }

  /** A large file whose directory is neither there nor on its way waits for nothing. */
  #giveUpOrphans(): void {
    const orphans = this.#large.filter(
      ({ change }) => !this.#isReady(change) && !this.#queuedChanges.has(parentOf(change.path) as RelPath),
    );
    if (orphans.length === 0) return;
    for (const { change } of orphans) this.recall(change.path);
    this.#large = this.#large.filter(({ state }) => state !== 'recalled');
    this.#post({ kind: 'job-ended', side: this.#side, left: orphans.map(({ change }) => change), error: null });
  }

  #begin(batch: readonly QueuedChange[], ended: () => void): void {
    const job = this.#run(batch, ended).finally(() => this.#running.delete(job));
    this.#running.add(job);
  }

  #nextBatch(): QueuedChange[] {
    const batch: QueuedChange[] = [];
    let bytes = 0;
    let taken = 0;
    for (const queued of this.#small) {
      if (batch.length >= BATCH_CHANGES || bytes >= BATCH_BYTES) break;
      taken++;
      if (queued.state === 'recalled') continue;
      batch.push(queued);
      bytes += queued.size;
    }
    this.#small.splice(0, taken);
    return batch;
  }

  async #run(batch: readonly QueuedChange[], ended: () => void): Promise<void> {
    const left = new Set(batch);
    for (const queued of batch) {
      queued.state = 'begun';
      for (const claim of queued.claims) this.#claims.begin(claim, this.#side);
    }
    let error: unknown = null;
    try {
      const changes = batch.map(({ change }) => change);
      for await (const { n, outcome } of this.#target.apply(changes, this.#contents(changes))) {
        const queued = batch[n]!;
        const { change, since } = queued;
        if (!left.delete(queued)) continue;
        this.#free(queued);
        this.#post({ kind: 'applied', side: this.#side, change, outcome, ms: this.#now() - since });
      }
    } catch (thrown) {
      error = thrown;
    }
    ended();
    for (const queued of left) this.#free(queued);
    this.#post({ kind: 'job-ended', side: this.#side, left: [...left].map(({ change }) => change), error });
  }

  async *#contents(changes: readonly Change[]): AsyncGenerator<Content> {
    const carrying = changes.filter((change) => contentOf(change) !== null);
    if (carrying.length === 0) return;
    const wanted: Wanted[] = [];
    for (const change of carrying) wanted.push(await this.#wantedFor(change));
    for await (const piece of this.#source.read(wanted)) {
      const queued = this.#queuedChanges.get(wanted[piece.n]!.path);
      if (queued !== undefined) queued.arrived += bytesOf(piece);
      yield piece;
    }
  }

  async #wantedFor(change: Change): Promise<Wanted> {
    const wanted = { path: change.path, file: contentOf(change)! };
    const offer = isWorthAsking(change) ? await this.#target.offer(change) : null;
    return offer === null ? wanted : { ...wanted, offer };
  }
}
