// Both sides as they are at present: side a, which is always there, and side b, which comes and goes. Whoever wants a
// scan or a replica of a side asks here and need not know which of them is at the other end of a connection.
import type { RelPath, Side } from '../../core/path.js';
import type { Replica } from '../../replica.js';
import type { Clock } from '../clock.js';
import type { Claims } from '../pair/claims.js';
import type { Pair } from '../pair/pair.js';
import type { SessionEvent } from './events.js';
import type { Hands } from './in-flight.js';
import type { Mailbox } from './mailbox.js';
import { type Far, joinFar } from './peer-side.js';
import { Lookout, type LookoutEvent, startLooking } from './scan-queue.js';

/** What both sides are made with. */
export interface SidesOptions {
  readonly pair: Pair;
  readonly local: Replica;
  readonly hands: Hands;
  readonly claims: Claims;
  readonly clock: Clock;
  readonly mailbox: Pick<Mailbox<SessionEvent>, 'post'>;
}

/** The sides of one pair. */
export class Sides {
  readonly local: Replica;
  /** The scans of side a. */
  readonly near: Lookout;
  /** Side b; null while it is away. */
  far: Far | null = null;
  readonly #options: SidesOptions;

  constructor(options: SidesOptions) {
    const { local, mailbox, clock, hands } = options;
    this.#options = options;
    this.local = local;
    const post = (event: LookoutEvent) => mailbox.post(event);
    this.near = new Lookout(
      'a',
      local,
      post,
      () => clock.now(),
      () => hands.lookBegins('a'),
    );
    local.onHint(() => mailbox.post({ kind: 'hint', side: 'a' }));
  }

  /** Side b is there: it is joined to the pair and scanned whole. */
  join(replica: Replica): Far {
    const isPresent = () => this.far?.replica === replica;
    const far = joinFar({ ...this.#options, replica, isPresent });
    this.far = far;
    far.lookout.ask('everything');
    return far;
  }

  /** Side b is gone: what it has under way is nobody's but the connection's that was lost. */
  leave(): void {
    if (this.far === null) return;
    this.far.lookout.abandon();
    this.#options.hands.forget('b');
    for (const carrier of Object.values(this.far.carriers)) carrier.disconnect();
    this.far = null;
  }

  /** @returns the replica of `side`; null while it is away, or where its losses are not confirmed yet. */
  replica(side: Side): Replica | null {
    if (!this.#options.pair.safety.trusts(side)) return null;
    return side === 'a' ? this.local : (this.far?.replica ?? null);
  }

  /** @returns what runs the scans of `side`; null while it is away. */
  lookout(side: Side): Lookout | null {
    return side === 'a' ? this.near : (this.far?.lookout ?? null);
  }

  /** Asks for a scan of `path` on `side`. @returns the scan's number, 0 where the side is away. */
  lookAt(side: Side, path: RelPath): number {
    return this.lookout(side)?.ask('hinted', [path]) ?? 0;
  }

  /** Whether scan `number` of `side` has been taken in, or will never be. */
  isLooked(side: Side, number: number): boolean {
    return (this.lookout(side)?.finished ?? Number.POSITIVE_INFINITY) >= number;
  }

  /** Asks for a scan of both sides, of everything or of one path. */
  rescan(path?: RelPath): void {
    for (const lookout of [this.near, this.far?.lookout]) {
      if (path === undefined) lookout?.ask('everything');
      else lookout?.ask('hinted', [path]);
    }
  }

  /** Starts whatever scans are wanted or due. */
  startScans(): void {
    const { hands } = this.#options;
    startLooking(this.near, hands.takeDue('a'));
    if (this.far !== null) startLooking(this.far.lookout, hands.takeDue('b'));
  }

  /** Whether no scan is wanted or under way, and nothing is on its way to either side. */
  get isIdle(): boolean {
    if (!this.near.isIdle || this.far === null) return false;
    const { lookout, carriers } = this.far;
    return lookout.isIdle && carriers.a.size === 0 && carriers.b.size === 0;
  }
}
