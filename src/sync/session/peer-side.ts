// Side b while it is connected: its scans, and the transfer queues to and from it.
import type { Change } from '../../core/change.js';
import { parentOf, type Side } from '../../core/path.js';
import type { Replica } from '../../replica.js';
import type { Clock } from '../clock.js';
import type { Claims } from '../pair/claims.js';
import type { Pair } from '../pair/pair.js';
import type { SessionEvent } from './events.js';
import type { InFlight } from './in-flight.js';
import type { ArrivedContents } from './queued-change.js';
import { type ScanEvent, ScanQueue } from './scan-queue.js';
import { type TransferEvent, TransferQueue } from './transfer-queue.js';

/** What a side tells without being asked. */
type SideEvent = Extract<SessionEvent, { kind: 'hint' | 'opened' }>;

/** What exists only while side b is connected. */
export interface PeerSide {
  readonly replica: Replica;
  readonly scanQueue: ScanQueue;
  readonly queues: Readonly<Record<Side, TransferQueue>>;
  /** Whether it has been scanned since it connected: what was known before may have changed. */
  seen: boolean;
  /** Why its connection was given up; null where it was not. */
  givenUpFor: string | null;
  /** Whether it is known to be the right partner, so that its files may be written. */
  isPaired: boolean;
}

interface PeerSideOptions {
  readonly pair: Pair;
  readonly local: Replica;
  readonly replica: Replica;
  readonly mailbox: { post(event: ScanEvent | TransferEvent | SideEvent): void };
  /** Whether this connection is still the present one: events of an earlier one do not count. */
  readonly isPresent: () => boolean;
  readonly clock: Clock;
  readonly inFlight: InFlight;
  readonly claims: Claims;
  readonly arrived: ArrivedContents;
}

/** Sets up the scans and transfers of a side b that has connected. */
export function joinPeer(options: PeerSideOptions): PeerSide {
  const { pair, local, replica, mailbox, isPresent, clock, inFlight, claims, arrived } = options;
  const now = () => clock.monotonic();
  const parentIsThere =
    (side: Side) =>
    ({ path }: Change) =>
      pair.side(side).snapshot?.get(parentOf(path))?.type === 'dir';
  const postIfPresent: typeof mailbox.post = (event) => {
    if (isPresent()) mailbox.post(event);
  };
  // An outcome that arrives after the disconnection may concern another root than the one that is side b now. It is not
  // recorded as shared; the path is scanned again.
  const postOutcome = (event: TransferEvent) => {
    if (isPresent() || event.kind === 'job-ended') mailbox.post(event);
    else mailbox.post({ kind: 'job-ended', side: event.side, left: [event.change], error: null });
  };
  replica.onHint(() => postIfPresent({ kind: 'hint', side: 'b' }));
  replica.onOpened?.((open) => postIfPresent({ kind: 'opened', side: 'b', open }));
  return {
    replica,
    scanQueue: new ScanQueue('b', replica, postIfPresent, now, () => inFlight.scanBegins('b')),
    queues: {
      a: new TransferQueue('a', local, replica, postOutcome, parentIsThere('a'), now, claims, arrived),
      b: new TransferQueue('b', replica, local, postOutcome, parentIsThere('b'), now, claims, arrived),
    },
    seen: false,
    givenUpFor: null,
    isPaired: false,
  };
}

/** How long running transfers may take to end when the server stops, in milliseconds. */
const STOP_MS = 2_000;

/** Resolves when the outcomes of the running transfers have been recorded, or after STOP_MS. */
export async function outcomesOf(peer: PeerSide | null, clock: Clock): Promise<void> {
  const jobs = peer === null ? [] : [peer.queues.a.rest(), peer.queues.b.rest()];
  await Promise.race([Promise.all(jobs), new Promise<void>((resolve) => clock.after(STOP_MS, resolve))]);
  await new Promise<void>((resolve) => clock.soon(() => clock.soon(resolve)));
}
