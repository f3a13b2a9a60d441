// Serves the root of server-b to one server-a. It decides nothing: it scans, reads and applies on request, and sends a
// hint when a scan would find something.

import type { GenericSchema, InferOutput } from 'valibot';
import { type Change, pathsOf } from '../../core/change.js';
import type { Entry } from '../../core/entry.js';
import { SyncError } from '../../core/errors.js';
import type { SyncEvent } from '../../core/events.js';
import type { RelPath } from '../../core/path.js';
import { PEER_NAME } from '../../core/person.js';
import type { Rate } from '../../core/timetable.js';
import type { LocalReplica } from '../../disk/local-replica.js';
import type { PartnerMemory } from '../../disk/state/partner-memory.js';
import type { Logger } from '../../log.js';
import type { OpenDocuments, Replica, ScanResult, VersionReader } from '../../replica.js';
import { eventOf, eventParams } from '../../wire/client-api/events.js';
import { PROTOCOL_VERSION } from '../../wire/client-api/methods.js';
import { SharedBudget } from '../../wire/frame/budget.js';
import { MAX_LISTED_BYTES } from '../../wire/frame/limits.js';
import { bad, encodeList, parseList } from '../../wire/peer-api/list.js';
import { parsePaths } from '../../wire/peer-api/messages.js';
import { encodeOpenDocuments, parseShownLocks } from '../../wire/peer-api/open-documents.js';
import { peerParams } from '../../wire/peer-api/params.js';
import {
  parseDirectories,
  type SentReport,
  scanReportParts,
  scanReportResult,
} from '../../wire/peer-api/scan-report.js';
import type { IncomingCall, Method } from '../../wire/rpc/responder.js';
import type { Connection } from '../../wire/socket/connection.js';
import { type Clock, realClock } from '../clock.js';
import { Bandwidth } from './bandwidth.js';
import { serveApply, serveOffer, serveRead, serveSums } from './contents-server.js';
import type { Naming } from './naming.js';
import { foreignProtocol, notIntroduced, notTheServersKey, taken } from './refusals.js';
import { TreeDigests } from './tree-digests.js';
import { versionMethods } from './versions-server.js';

interface ServedReplica {
  readonly replica: Replica & {
    readonly scanner: Pick<LocalReplica['scanner'], 'snapshot'>;
    readonly dropPartials?: LocalReplica['dropPartials'];
  };
  /** The id of the root of side b. */
  readonly rootId: string;
  /** @returns the ids of the roots that contain it. A directory above can become a root while this server runs. */
  readonly above?: () => readonly string[];
  /** @returns the ids that the root had before its state directory was lost. */
  readonly former?: () => readonly string[];
  /** The absolute path of the root. */
  readonly dir?: string;
  /** What the root has stored about its partner; absent where it stores nothing. */
  readonly memory?: Pick<PartnerMemory, 'epoch' | 'partner' | 'acknowledge'>;
  readonly version: string;
  readonly log: Logger;
  /** Reads the versions; absent where none are kept. */
  readonly versionReader?: VersionReader;
  readonly clock?: Pick<Clock, 'soon' | 'after'>;
  /** Holds contents back; absent for no limit. */
  readonly bandwidth?: Bandwidth;
  /** What the sides are called. */
  readonly naming?: Naming;
}

type Greeting = InferOutput<typeof peerParams.hello>;
type Acknowledged = InferOutput<typeof peerParams.acknowledge>;
type ScanRequested = InferOutput<typeof peerParams.look>;

/** The server-a that is connected now. */
interface ConnectedPeer {
  readonly root: string;
  readonly control: Connection;
  /** Whether it answers clients of this server. */
  readonly takesClients: boolean;
  /** Whether it has received the complete state once; after that, differences are enough. */
  hasEverything: boolean;
  /** The complete state as its last `look` saw it, while it may ask for a part of that; null otherwise. */
  seen: TreeDigests | null;
}

/** How often server-a is told what is open, in milliseconds. */
const RENEW_MS = 60_000;

/** Serves one root to one server-a. */
export class ReplicaServer {
  readonly #served: ServedReplica;
  readonly #bandwidth: Bandwidth;

  #connectedPeer: ConnectedPeer | null = null;
  /** What is open here; null before that is known. */
  #open: OpenDocuments | null = null;
  #cancelRenewal: (() => void) | null = null;
  readonly #contentConnections = new Set<Connection>();
  /** The applies that are running. */
  readonly #applies = new Set<Promise<object>>();
  /** Paths of changes whose outcomes server-a was not told: the next scan reports them, though they are not new here. */
  readonly #untold = new Set<RelPath>();
  /** The memory for the lists of running calls. */
  readonly #lists = new SharedBudget(MAX_LISTED_BYTES, tooManyLists);

  constructor(served: ServedReplica) {
    this.#served = served;
    this.#bandwidth = served.bandwidth ?? new Bandwidth();
    this.#bandwidth.onChange((rate) => this.#limit(rate));
    served.replica.onHint(() => this.#hint());
    served.replica.onOpened?.((open) => {
      this.#open = open;
      this.#tellOpen();
    });
  }

  /** Tells server-a what is open here, now and every minute: what is not renewed may be closed. */
  #tellOpen(): void {
    this.#cancelRenewal?.();
    this.#cancelRenewal = null;
    const control = this.#connectedPeer?.control;
    if (this.#open === null || control === undefined) return;
    for (const { params, payload } of encodeOpenDocuments(this.#open)) {
      control.send({ method: 'opened', params }, payload).catch(() => {});
    }
    const { clock = realClock } = this.#served;
    this.#cancelRenewal = clock.after(RENEW_MS, () => this.#tellOpen());
  }

  #hint(): void {
    this.#connectedPeer?.control.send({ method: 'hint', params: {} }).catch(() => {});
  }

  /** An apply has ended, and nobody was there any more to be told: it may have ended after the paths were scanned. */
  readonly #noteUntold = (changes: readonly Change[]): void => {
    for (const change of changes) for (const path of pathsOf(change)) this.#untold.add(path);
    this.#hint();
  };

  /** The server-a that has said hello and is still there. */
  get peer(): Pick<ConnectedPeer, 'control' | 'takesClients'> | null {
    return this.#connectedPeer;
  }

  /** The methods for one connection. All but `hello` are refused until it has said hello as server-a. */
  methods(connection: Connection): Record<string, Method> {
    const { replica, clock = realClock } = this.#served;
    const known = () =>
      this.#connectedPeer !== null &&
      (this.#connectedPeer.control === connection || this.#contentConnections.has(connection));
    const guarded = (params: GenericSchema, handle: Method['handle']): Method => ({
      params,
      handle: async (checked, call, payload) => {
        if (!known()) throw notIntroduced();
        return handle(checked, call, payload);
      },
    });
    return {
      hello: { params: peerParams.hello, handle: async (params) => this.hello(params, connection) },
      ping: guarded(peerParams.ping, async () => ({ time: Date.now() })),
      look: guarded(peerParams.look, (asked, call, payload) => this.#scan(asked, call, payload)),
      entries: guarded(peerParams.entries, (_params, call, payload) => this.#entries(call, payload)),
      'accept-deletes': guarded(peerParams['accept-deletes'], async () => {
        await this.#served.replica.acceptDeletes();
        return {};
      }),
      acknowledge: guarded(peerParams.acknowledge, async ({ epoch, ...partner }: Acknowledged) => {
        await this.#served.memory?.acknowledge(epoch, partner);
        return { epoch };
      }),
      guard: guarded(peerParams.guard, async ({ on }: { on: boolean }, _call, payload) => {
        const paths = payload === null ? [] : parsePaths(payload);
        await replica.guard?.(paths, on && paths.length > 0);
        return {};
      }),
      'show-locks': guarded(peerParams['show-locks'], async ({ anew }: { anew: boolean }, _call, payload) => {
        await replica.showLocks?.(parseShownLocks(payload), anew);
        return {};
      }),
      offer: guarded(peerParams.offer, (_params, _call, payload) => serveOffer(replica, payload)),
      sums: guarded(peerParams.sums, ({ blockBytes }, call, payload) => serveSums(replica, blockBytes, call, payload)),
      read: guarded(peerParams.read, ({ count, joined }, call) =>
        this.#lists.lend((take) => serveRead(replica, count, call, take, this.#bandwidth, joined)),
      ),
      apply: guarded(peerParams.apply, ({ count }, call) =>
        this.#noted(this.#lists.lend((take) => serveApply(replica, count, call, clock.soon, take, this.#noteUntold))),
      ),
      ...(this.#served.versionReader === undefined
        ? {}
        : versionMethods(this.#served.versionReader, guarded, this.#bandwidth)),
      limit: guarded(peerParams.limit, async ({ bytesPerSecond }: { bytesPerSecond: Rate }) => {
        this.#bandwidth.told = bytesPerSecond;
        return {};
      }),
      event: guarded(eventParams, async (event) => {
        this.#repeat(event);
        return {};
      }),
      events: guarded(peerParams.events, async (_params, _call, payload) => {
        for (const event of parseList(payload, eventOf)) if (event !== null) this.#repeat(event);
        return {};
      }),
    };
  }

  /**
   * Takes a connection of server-a.
   * @returns what is answered.
   * @throws SyncError where it is not one of the server-a that is served.
   */
  hello(hello: Greeting, connection: Connection): object {
    const { rootId, version, above = () => [], former = () => [], dir, memory, naming } = this.#served;
    if (hello.protocol !== PROTOCOL_VERSION) throw foreignProtocol(hello.protocol);
    if (hello.role !== 'peer') throw notIntroduced();
    const { person = null } = connection;
    if (person !== null && person.name !== PEER_NAME) throw notTheServersKey(person.name);
    if (hello.lane) {
      if (this.#connectedPeer?.root !== hello.root) throw notIntroduced();
      this.#contentConnections.add(connection);
      void connection.closed.then(() => this.#contentConnections.delete(connection));
    } else this.#accept(hello, connection);
    const introduction = { root: rootId, former: former(), dir, epoch: memory?.epoch, partner: memory?.partner };
    const about = { protocol: PROTOCOL_VERSION, server: 'b', version, time: Date.now(), joined: true, ...naming?.told };
    return { ...about, ...introduction, above: above() };
  }

  #accept(hello: Greeting, control: Connection): void {
    const { root, clients: takesClients } = hello;
    this.#served.naming?.hear(hello);
    if (this.#connectedPeer !== null && this.#connectedPeer.root !== root) throw taken();
    this.#connectedPeer?.control.close(new SyncError('closed', 'The same server-a has connected anew.'));
    for (const connection of this.#contentConnections) connection.close();
    const connectedPeer: ConnectedPeer = { root, control, takesClients, hasEverything: false, seen: null };
    this.#connectedPeer = connectedPeer;
    this.#bandwidth.told = null;
    if (this.#bandwidth.own !== null) this.#limit(this.#bandwidth.own);
    const { log, clock = realClock } = this.#served;
    log.event({ event: 'peer-connected' });
    // The answer to its greeting comes first.
    if (this.#open !== null) clock.soon(() => this.#tellOpen());
    void control.closed.then((reason) => {
      if (this.#connectedPeer !== connectedPeer) return;
      this.#connectedPeer = null;
      this.#bandwidth.told = null;
      for (const connection of this.#contentConnections) connection.close();
      log.event({ event: 'peer-lost', reason: reason?.message ?? 'server-a closed the connection' });
    });
  }

  /** Tells server-a how fast it may send contents. */
  #limit(bytesPerSecond: Rate): void {
    this.#connectedPeer?.control.send({ method: 'limit', params: { bytesPerSecond } }).catch(() => {});
  }

  #noted(apply: Promise<object>): Promise<object> {
    this.#applies.add(apply);
    const over = () => void this.#applies.delete(apply);
    apply.then(over, over);
    return apply;
  }

  async #scan(asked: ScanRequested, call: IncomingCall, payload: Buffer | null): Promise<object> {
    const connectedPeer = this.#connectedPeer;
    const { replica } = this.#served;
    const named = payload === null ? [] : parsePaths(payload);
    const isFirst = connectedPeer !== null && !connectedPeer.hasEverything;
    // Applies of an earlier connection end before the complete state is read: nobody would report their changes
    // afterwards.
    if (isFirst) await Promise.allSettled(this.#applies);
    const untold = [...this.#untold];
    const paths = [...new Set([...named, ...untold])];
    let scan: SentReport = await replica.scan(isFirst ? 'everything' : asked.scope, paths);
    if (scan.halt === null) for (const path of untold) this.#untold.delete(path);
    if (connectedPeer !== null) connectedPeer.seen = null;
    if (isFirst && scan.halt === null) {
      scan = { ...scan, whole: true, ...this.#everything(connectedPeer, asked.known) };
      connectedPeer.hasEverything = true;
    } else
      scan = { ...scan, whole: false, entries: scan.entries.map(({ path, entry }) => ({ path, entry: plain(entry) })) };
    if (!asked.moving) scan = { ...scan, moving: [] };
    if (!asked.arriving) scan = { ...scan, arriving: [] };
    for (const { method, payload: part } of scanReportParts(scan)) await call.notify(method, {}, part);
    return scanReportResult(scan);
  }

  /** @param known the digest of the tree that server-a expects; undefined where it expects none. */
  #everything(peer: ConnectedPeer, known: string | undefined): Pick<SentReport, 'entries' | 'same' | 'directories'> {
    const { replica } = this.#served;
    if (known === undefined) return { entries: [...allOf(replica)] };
    const seen = new TreeDigests(replica.scanner.snapshot);
    if (seen.whole === known) return { entries: [], same: true };
    peer.seen = seen;
    return { entries: [], directories: Array.from(seen.directories, ([path, { digest }]) => ({ path, digest })) };
  }

  /** Sends what was directly in the named directories when everything was last scanned. */
  async #entries(call: IncomingCall, payload: Buffer | null): Promise<object> {
    const seen = this.#connectedPeer?.seen ?? null;
    if (seen === null) throw bad('entries are asked for before directories were told');
    const entries = [...new Set(parseDirectories(payload))].flatMap((directory) => seen.entriesIn(directory));
    const sent = entries.map(({ path, entry }) => ({ path, entry: plain(entry) }));
    for (const { payload: part } of encodeList(sent)) await call.notify('entries', {}, part);
    return { items: sent.length };
  }

  /**
   * Logs an event of the pair here, too, so that both consoles show the same. Events that concern only server-a are
   * left out.
   */
  #repeat(event: SyncEvent): void {
    if (event.event === 'in-sync') this.#served.replica.dropPartials?.();
    if (!OWN_EVENTS.has(event.event)) this.#served.log.event(event);
  }
}

const OWN_EVENTS: ReadonlySet<SyncEvent['event']> = new Set([
  'listening',
  'peer-connected',
  'peer-lost',
  'scan-started',
  'scan-finished',
]);

function* allOf(replica: ServedReplica['replica']): Generator<ScanResult['entries'][number]> {
  for (const [path, node] of replica.scanner.snapshot.walk()) yield { path, entry: plain(node) };
}

/** The fields that the protocol has; the signature of the file on this disk is left out. */
function plain(entry: Entry | null): Entry | null {
  if (entry === null) return null;
  if (entry.type === 'dir') return { type: 'dir', mode: entry.mode };
  if (entry.type === 'symlink') return { type: 'symlink', target: entry.target, mtime: entry.mtime };
  const { type, size, mtime, mode, hash } = entry;
  return { type, size, mtime, mode, hash };
}

const tooManyLists = (): SyncError =>
  new SyncError('too-large', `The lists of the calls under way take more than ${MAX_LISTED_BYTES / 2 ** 20} MiB.`, {
    hint: 'Wait for answers before sending more requests.',
  });
