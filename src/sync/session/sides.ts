// The two sides: side a is always present, side b connects and disconnects. Code that needs a scan or a replica of a
// side asks here and does not need to know which one is remote.
import type { RelPath, Side } from '../../core/path.js';
import type { Replica } from '../../replica.js';
import type { Clock } from '../clock.js';
import type { Claims } from '../pair/claims.js';
import type { Pair } from '../pair/pair.js';
import type { SessionEvent } from './events.js';
import type { InFlight } from './in-flight.js';
import type { Mailbox } from './mailbox.js';
import { joinPeer, type PeerSide } from './peer-side.js';
import { ArrivedContents } from './queued-change.js';
import { type ScanEvent, ScanQueue, startScans } from './scan-queue.js';

interface SidesOptions {
  readonly pair: Pair;
  readonly local: Replica;
  readonly inFlight: InFlight;
  readonly claims: Claims;
  readonly clock: Clock;
  readonly mailbox: Pick<Mailbox<SessionEvent>, 'post'>;
}

/** The sides of one pair. */
export class Sides {
  readonly local: Replica;
  /** The scans of side a. */
  readonly localScans: ScanQueue;
  /** Side b; null while it is disconnected. */
  peer: PeerSide | null = null;
  /** What had arrived of contents whose transfer was cut. */
  readonly arrived = new ArrivedContents();
  readonly #options: SidesOptions;

  constructor(options: SidesOptions) {
    const { local, mailbox, clock, inFlight } = options;
    this.#options = options;
    this.local = local;
    const post = (event: ScanEvent) => mailbox.post(event);
    this.localScans = new ScanQueue(
      'a',
      local,
      post,
      () => clock.monotonic(),
      () => inFlight.scanBegins('a'),
    );
    local.onHint(() => mailbox.post({ kind: 'hint', side: 'a' }));
    local.onOpened?.((open) => mailbox.post({ kind: 'opened', side: 'a', open }));
  }

  /** Side b has connected: requests a scan of everything there. */
  join(replica: Replica): PeerSide {
    const isPresent = () => this.peer?.replica === replica;
    const peer = joinPeer({ ...this.#options, replica, isPresent, arrived: this.arrived });
    this.peer = peer;
    peer.scanQueue.ask('everything');
    return peer;
  }

  /** Side b has disconnected. The changes that are being written there stay claimed until their jobs end. */
  leave(): void {
    if (this.peer === null) return;
    this.peer.scanQueue.abandon();
    this.#options.inFlight.forget('b');
    for (const queue of Object.values(this.peer.queues)) queue.disconnect();
    this.peer = null;
  }

  /** @returns the replica of `side`; null while it is disconnected or its losses are not confirmed. */
  replica(side: Side): Replica | null {
    if (!this.#options.pair.safety.trusts(side)) return null;
    return side === 'a' ? this.local : (this.peer?.replica ?? null);
  }

  /** @returns the scan queue of `side`; null while it is disconnected. */
  scanQueue(side: Side): ScanQueue | null {
    return side === 'a' ? this.localScans : (this.peer?.scanQueue ?? null);
  }

  /** Requests a scan of `path` on `side`. @returns the number of that scan, 0 while the side is disconnected. */
  scanPath(side: Side, path: RelPath): number {
    return this.scanQueue(side)?.ask('hinted', [path]) ?? 0;
  }

  /** Whether scan `number` of `side` has been folded in, or will never be. */
  isScanned(side: Side, number: number): boolean {
    return (this.scanQueue(side)?.finished ?? Number.POSITIVE_INFINITY) >= number;
  }

  /** Requests a scan of both sides, of everything or of one path. */
  rescan(path?: RelPath): void {
    for (const scanQueue of [this.localScans, this.peer?.scanQueue]) {
      if (path === undefined) scanQueue?.ask('everything');
      else scanQueue?.ask('hinted', [path]);
    }
  }

  /** Starts the scans that are requested or due. */
  startScans(): void {
    const { inFlight } = this.#options;
    startScans(this.localScans, inFlight.takeDue('a'));
    if (this.peer !== null) startScans(this.peer.scanQueue, inFlight.takeDue('b'));
  }

  /** Whether a scan is requested or running that expects a change. */
  get expectChanges(): boolean {
    return this.localScans.expectsChanges || this.peer?.scanQueue.expectsChanges === true;
  }

  /** Whether no change is queued for either side, and both are connected. */
  get areQueuesEmpty(): boolean {
    if (this.peer === null) return false;
    const { a, b } = this.peer.queues;
    return a.size === 0 && b.size === 0;
  }

  /** Whether no scan is requested or running, and no change is queued for either side. */
  get isIdle(): boolean {
    return this.areQueuesEmpty && this.localScans.isIdle && this.peer?.scanQueue.isIdle === true;
  }
}
