// Transfers the planned changes to one side: small ones in order and in batches over one connection, large files one by
// one over connections of their own, so that a large file does not delay the others. It decides nothing. Every path of
// a change is claimed until its outcome is known.

import { type Change, contentOf, type Outcome, pathsOf } from '../../core/change.js';
import { isWorthAsking } from '../../core/delta.js';
import { sizeOf } from '../../core/entry.js';
import { SyncError } from '../../core/errors.js';
import { parentOf, type RelPath, type Side } from '../../core/path.js';
import type { Content, JoinedContents, Replica, Wanted } from '../../replica.js';
import type { Claims } from '../pair/claims.js';
import { bytesOf } from '../peer/announced.js';
import { ArrivedContents, arrivedOf, type QueuedChange } from './queued-change.js';

/** Files of at least this many bytes are transferred alone. */
const LARGE_BYTES = 4 << 20;
const LARGE_AT_ONCE = 2;
/** A batch holds at most this many changes, and ends once it has this many bytes of content. */
const BATCH_CHANGES = 2_000;
const BATCH_BYTES = 64 << 20;

/** What a transfer queue posts to its session. */
export type TransferEvent =
  | {
      readonly kind: 'applied';
      readonly side: Side;
      readonly change: Change;
      readonly outcome: Outcome;
      readonly ms: number;
    }
  /** A job ended. The outcomes of the changes in `left` will never be known. */
  | { readonly kind: 'job-ended'; readonly side: Side; readonly left: readonly Change[]; readonly error: unknown };

/** The changes on their way to one side. */
export class TransferQueue {
  readonly #side: Side;
  readonly #target: Replica;
  readonly #source: Replica;
  readonly #post: (event: TransferEvent) => void;
  /** Whether the parent directory of a change exists on the target side. */
  readonly #isReady: (change: Change) => boolean;
  readonly #now: () => number;
  readonly #claims: Claims;
  readonly #arrived: ArrivedContents;

  #small: QueuedChange[] = [];
  #large: QueuedChange[] = [];
  #smallRunning = false;
  #largeRunning = 0;
  #isInterrupted = false;
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
    arrived: ArrivedContents = new ArrivedContents(),
  ) {
    this.#side = side;
    this.#target = target;
    this.#source = source;
    this.#post = post;
    this.#isReady = isReady;
    this.#now = now;
    this.#claims = claims;
    this.#arrived = arrived;
  }

  /** Queues changes, in the order in which they have to be applied. */
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
        before: this.#arrived.of(contentOf(change)),
        state: 'waiting',
        claims,
      };
      for (const path of paths) this.#queuedChanges.set(path, queued);
      const alone = queued.size >= LARGE_BYTES && change.before?.type !== 'dir';
      (alone ? this.#large : this.#small).push(queued);
    }
  }

  /** How many paths are queued or being transferred. */
  get size(): number {
    return this.#queuedChanges.size;
  }

  /**
   * @returns the share of the content for `path` that has arrived, 0–100; null where none is being transferred, or
   *   where it is being asked how much of a new file is there already.
   */
  progress(path: RelPath): number | null {
    const queued = this.#queuedChanges.get(path);
    if (queued === undefined || queued.size === 0) return null;
    const arrived = arrivedOf(queued);
    if (arrived === 0 && queued.state === 'asking' && queued.change.before === null) return null;
    return Math.floor((arrived / queued.size) * 100);
  }

  /** Every queued change, under each path that it touches. */
  get transferred(): ReadonlyMap<RelPath, QueuedChange> {
    return this.#queuedChanges;
  }

  /**
   * Takes back the change at `path` if it has not begun, because the path changed again.
   * @returns every path that is free now: both paths of a rename have to be compared again.
   */
  recall(path: RelPath): readonly RelPath[] {
    const queued = this.#queuedChanges.get(path);
    if (queued?.state !== 'waiting') return [];
    queued.state = 'recalled';
    this.#free(queued);
    return [...pathsOf(queued.change)];
  }

  /** Takes back the changes below `directory` that have not begun. @returns every path that is free now. */
  recallBelow(directory: RelPath): RelPath[] {
    const below = [...this.#queuedChanges.keys()].filter((path) => path.startsWith(`${directory}/`));
    return below.flatMap((path) => this.recall(path));
  }

  #free(queued: QueuedChange): void {
    for (const path of pathsOf(queued.change))
      if (this.#queuedChanges.get(path) === queued) this.#queuedChanges.delete(path);
    for (const claim of queued.claims) this.#claims.release(claim);
  }

  /**
   * The connection is lost: changes that have not begun are dropped; the others stay claimed until their jobs end.
   */
  disconnect(): void {
    for (const [path, { state }] of [...this.#queuedChanges]) if (state === 'waiting') this.recall(path);
    for (const queued of new Set(this.#queuedChanges.values())) {
      this.#arrived.note(queued);
      for (const claim of queued.claims) this.#claims.handOver(claim, 'disconnected-peer');
    }
  }

  /**
   * Interrupts the running transfers at their next piece of content and recalls what has not begun, until `start` is
   * called. What has arrived of a large content is kept for the next attempt.
   */
  interrupt(): void {
    this.#isInterrupted = true;
    for (const [path, { state }] of [...this.#queuedChanges]) if (state === 'waiting') this.recall(path);
  }

  /** Resolves when no job is running any more. */
  async rest(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  /** Starts the next batch and the next large files, as far as the limits allow. */
  start(): void {
    this.#isInterrupted = false;
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

  /** Drops large files whose parent directory neither exists nor is queued: nothing would ever start them. */
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
        if (outcome.kind !== 'done') this.#arrived.note(queued);
        this.#free(queued);
        this.#post({ kind: 'applied', side: this.#side, change, outcome, ms: this.#now() - since });
      }
    } catch (thrown) {
      error = thrown;
    }
    ended();
    for (const queued of left) {
      this.#arrived.note(queued);
      this.#free(queued);
    }
    this.#post({ kind: 'job-ended', side: this.#side, left: [...left].map(({ change }) => change), error });
  }

  async *#contents(changes: readonly Change[]): AsyncGenerator<Content | JoinedContents> {
    const carrying = changes.filter((change) => contentOf(change) !== null);
    if (carrying.length === 0) return;
    const wanted: Wanted[] = [];
    for (const change of carrying) wanted.push(await this.#wantedFor(change));
    for await (const piece of this.#source.readJoined?.(wanted) ?? this.#source.read(wanted)) {
      if (this.#isInterrupted) throw new SyncError('interrupted', 'The pair is paused.');
      if ('joined' in piece) for (const [i, size] of piece.sizes.entries()) this.#arrives(wanted[piece.n + i]!, size);
      else this.#arrives(wanted[piece.n]!, bytesOf(piece));
      yield piece;
    }
  }

  #arrives({ path }: Wanted, bytes: number): void {
    const queued = this.#queuedChanges.get(path);
    if (queued === undefined) return;
    queued.arrived += bytes;
    if (queued.state === 'asking') queued.state = 'begun';
  }

  async #wantedFor(change: Change): Promise<Wanted> {
    const wanted = { path: change.path, file: contentOf(change)! };
    if (!isWorthAsking(change)) return wanted;
    const queued = this.#queuedChanges.get(change.path);
    if (queued?.state === 'begun') queued.state = 'asking';
    const offer = await this.#target.offer(change);
    if (queued?.state === 'asking' && offer === null) queued.state = 'begun';
    return offer === null ? wanted : { ...wanted, offer };
  }
}
