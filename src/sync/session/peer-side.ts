// The other side while it is connected: how it is looked at, and who carries changes to and from it.
import type { Change } from '../../core/change.js';
import { parentOf, type Side } from '../../core/path.js';
import type { Replica } from '../../replica.js';
import type { Clock } from '../clock.js';
import type { Claims } from '../pair/claims.js';
import type { Pair } from '../pair/pair.js';
import type { InFlight } from './in-flight.js';
import { type ScanEvent, ScanQueue } from './scan-queue.js';
import { type TransferEvent, TransferQueue } from './transfer-queue.js';

/** What is there only while side b is. */
export interface PeerSide {
  readonly replica: Replica;
  readonly scanQueue: ScanQueue;
  readonly queues: Readonly<Record<Side, TransferQueue>>;
  /** Whether it has been looked at since it came: what was known before may have changed. */
  seen: boolean;
  /** Whether its files may be touched: it is the one that is meant. */
  isPaired: boolean;
}

/** What joining needs. */
interface PeerSideOptions {
  readonly pair: Pair;
  readonly local: Replica;
  readonly replica: Replica;
  readonly mailbox: { post(event: ScanEvent | TransferEvent | { readonly kind: 'hint'; readonly side: Side }): void };
  /** Whether this far side is still the present one: what an earlier one saw does not count. */
  readonly isPresent: () => boolean;
  readonly clock: Clock;
  readonly inFlight: InFlight;
  readonly claims: Claims;
}

/** Joins side b to the pair. */
export function joinPeer(options: PeerSideOptions): PeerSide {
  const { pair, local, replica, mailbox, isPresent, clock, inFlight, claims } = options;
  const now = () => clock.now();
  const parentIsThere =
    (side: Side) =>
    ({ path }: Change) =>
      pair.side(side).snapshot?.get(parentOf(path))?.type === 'dir';
  const postIfPresent: typeof mailbox.post = (event) => {
    if (isPresent()) mailbox.post(event);
  };
  // What ends when another root may already be side b was not shared with that one: it is looked at anew.
  const postOutcome = (event: TransferEvent) => {
    if (isPresent() || event.kind === 'job-ended') mailbox.post(event);
    else mailbox.post({ kind: 'job-ended', side: event.side, left: [event.change], error: null });
  };
  replica.onHint(() => postIfPresent({ kind: 'hint', side: 'b' }));
  return {
    replica,
    scanQueue: new ScanQueue('b', replica, postIfPresent, now, () => inFlight.scanBegins('b')),
    queues: {
      a: new TransferQueue('a', local, replica, postOutcome, parentIsThere('a'), now, claims),
      b: new TransferQueue('b', replica, local, postOutcome, parentIsThere('b'), now, claims),
    },
    seen: false,
    isPaired: false,
  };
}

/** How long what is being carried may take to end when the server stops, in milliseconds. */
const STOP_MS = 2_000;

/** Resolves when the outcomes of what is being carried have been taken in, or will take too long. */
export async function outcomesOf(peer: PeerSide | null, clock: Clock): Promise<void> {
  const jobs = peer === null ? [] : [peer.queues.a.rest(), peer.queues.b.rest()];
  await Promise.race([Promise.all(jobs), new Promise<void>((resolve) => clock.after(STOP_MS, resolve))]);
  await new Promise<void>((resolve) => clock.soon(() => clock.soon(resolve)));
}
