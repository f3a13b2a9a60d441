// Server-b as a replica: this folder makes a root on another machine look like a local one. Nothing that the other end
// sends is used before it is checked, bounded and expected.
//
//   connect: open the control connection, say hello, get the identity of the root; ping it every 10 s
//   scan, offer, guard, accept-deletes, acknowledge: calls on the control connection
//   read, apply, versions: one call each on a pooled connection, so that TCP slows down a fast sender
//   any reply that is too late, too large or unexpected closes its connection
//   the control connection closes: the replica and its pool are closed; the session connects anew

import type { Change } from '../../core/change.js';
import { SyncError } from '../../core/errors.js';
import type { SyncEvent } from '../../core/events.js';
import type { Introduction, RootDescription } from '../../core/partner.js';
import type { RelPath } from '../../core/path.js';
import type { Snapshot } from '../../core/snapshot.js';
import type { Rate } from '../../core/timetable.js';
import type {
  Applied,
  Content,
  JoinedContents,
  Offer,
  OpenDocuments,
  Replica,
  ScanResult,
  ScanScope,
  ServerFacts,
  ShownLock,
  Wanted,
} from '../../replica.js';
import { PROTOCOL_VERSION } from '../../wire/client-api/methods.js';
import { type Budget, ITEM_BYTES } from '../../wire/frame/budget.js';
import { CONTENTS_SILENCE, PEER_LIMITS } from '../../wire/frame/limits.js';
import { idsOf, introductionOf } from '../../wire/peer-api/hello.js';
import { bad, encodeList, wholeNumber } from '../../wire/peer-api/list.js';
import { encodePaths } from '../../wire/peer-api/messages.js';
import { encodeShownLocks } from '../../wire/peer-api/open-documents.js';
import { peerParams } from '../../wire/peer-api/params.js';
import { encodeDirectories, parseScanEntries, ScanReportReader, scanBudget } from '../../wire/peer-api/scan-report.js';
import { RpcClient } from '../../wire/rpc/caller.js';
import { checked } from '../../wire/rpc/params.js';
import type { Connection } from '../../wire/socket/connection.js';
import { Bandwidth } from './bandwidth.js';
import { ConnectionPool } from './connection-pool.js';
import { remoteApply, remoteOffer, remoteRead, remoteReadJoined, separated } from './contents-client.js';
import type { Naming } from './naming.js';
import { PassedClients } from './passed-clients.js';
import { ToldDocuments } from './told-documents.js';
import type { PeerLink } from './transport.js';
import { everythingIn, isAlike, joined, TreeDigests } from './tree-digests.js';
import { RemoteVersionReader } from './versions-client.js';

const HELLO_MS = 10_000;
const PING_EVERY_MS = 10_000;
const PING_MS = 20_000;

/** How to connect to server-b. */
interface RemoteOptions {
  /** Opens connections. It stays open when the replica closes. */
  readonly link: Pick<PeerLink, 'dial'>;
  /** How messages name server-b. */
  readonly name: string;
  /** The id of the root of side a: a server-b serves one server-a. */
  readonly root: string;
  readonly signal?: AbortSignal;
  /** The tree that side b most likely has, so that only what differs from it is sent; absent where nothing is known. */
  readonly known?: () => Snapshot;
  /** Holds contents back; absent for no limit. */
  readonly bandwidth?: Bandwidth;
  /** What the sides are called. */
  readonly naming?: Naming;
  /** Answers a client of server-b until its connection ends; absent where none are taken. */
  readonly serveClient?: (connection: Connection) => void;
}

/** Side b, as server-a sees it. */
export class RemoteReplica implements Replica {
  readonly #options: RemoteOptions;
  readonly #bandwidth: Bandwidth;
  readonly #control: RpcClient;

  readonly #pool = new ConnectionPool(async () => (await introduce(this.#options, true, () => {})).caller);
  readonly versionReader = new RemoteVersionReader(this.#pool);
  #listener: () => void = () => {};
  readonly #open: ToldDocuments;
  #pinging: NodeJS.Timeout | null = null;
  #about: ServerFacts;
  /** Whether the other side takes joined contents and events. */
  readonly #takesJoined: boolean;
  /** Events to be sent. */
  readonly #events: SyncEvent[] = [];
  /** Whether the complete state was reported; from then on there are only differences. */
  #hasEverything = false;

  private constructor(
    options: RemoteOptions,
    control: RpcClient,
    readonly introduction: Introduction,
    /** The ids of the roots that contain the root of side b. */
    readonly above: readonly string[],
    about: ServerFacts & { readonly takesJoined: boolean },
    open: ToldDocuments,
  ) {
    const { takesJoined, ...facts } = about;
    this.#about = facts;
    this.#takesJoined = takesJoined;
    this.#open = open;
    this.#options = options;
    this.#bandwidth = options.bandwidth ?? new Bandwidth();
    this.#control = control;
  }

  /**
   * Connects and says hello.
   * @throws SyncError `unreachable`; `bad-message` where no server-b answers; the refusals of server-b.
   */
  static async connect(options: RemoteOptions): Promise<RemoteReplica> {
    let replica: RemoteReplica | null = null;
    const open = new ToldDocuments();
    const { link, root, serveClient: serve } = options;
    const clients = serve === undefined ? null : new PassedClients({ link, root, serve });
    const onNotification = (method: string, params: unknown, payload: Buffer | null) => {
      if (method === 'opened') open.take(params, payload);
      if (method === 'hint' && replica !== null) replica.#listener();
      if (method === 'client') clients?.take(params);
      if (method === 'limit' && options.bandwidth !== undefined)
        options.bandwidth.told = checked(peerParams.limit, params, (why) => bad(`a limit, ${why}`)).bytesPerSecond;
    };
    const { caller, introduction, above, about } = await introduce(options, false, onNotification);
    replica = new RemoteReplica(options, caller, introduction, above, about, open);
    void caller.closed.then(() => clients?.close());
    replica.#keepAlive();
    replica.#tellLimit();
    return replica;
  }

  /** Resolves when the control connection has closed, with the reason. */
  get closed(): Promise<Error | null> {
    return this.#control.closed;
  }

  get about(): ServerFacts {
    return this.#about;
  }

  #keepAlive(): void {
    this.#pinging = setInterval(() => {
      this.#ping().catch(() => this.#control.close());
    }, PING_EVERY_MS);
    this.#pinging.unref();
    void this.#control.closed.then(() => this.close());
  }

  async #ping(): Promise<void> {
    const askedAt = Date.now();
    const { result } = await this.#control.call('ping', {}, { timeoutMs: PING_MS });
    this.#about = { ...this.#about, aheadMs: aheadOf(result, askedAt) };
  }

  /** Tells server-b how fast it may send contents, now and when that changes. */
  #tellLimit(): void {
    const tell = (bytesPerSecond: Rate) => void this.#control.notify('limit', { bytesPerSecond }).catch(() => {});
    if (this.#bandwidth.own !== null) tell(this.#bandwidth.own);
    const end = this.#bandwidth.onChange(tell);
    void this.#control.closed.then(() => {
      end();
      this.#bandwidth.told = null;
    });
  }

  async scan(scope: ScanScope, paths: readonly RelPath[] = []): Promise<ScanResult> {
    const [first, ...more] = [...encodePaths(paths)];
    const budget = scanBudget();
    let scan = await this.#scanOnce(scope, first?.payload, budget);
    // Requested paths are reported even where they have not changed, so none may be left out.
    for (const { payload } of more) {
      if (scan.halt !== null) break;
      const next = await this.#scanOnce('hinted', payload, budget);
      const damaged = [...(scan.damaged ?? []), ...(next.damaged ?? [])];
      scan = { ...next, whole: scan.whole, damaged, entries: [...scan.entries, ...next.entries] };
    }
    return scan;
  }

  async #scanOnce(scope: ScanScope, payload: Buffer | undefined, budget: Budget): Promise<ScanResult> {
    const reader = new ScanReportReader(budget);
    const tree = this.#hasEverything ? undefined : this.#options.known?.();
    const known = tree === undefined || tree.files === 0 ? null : new TreeDigests(tree);
    const { result } = await this.#control.call(
      'look',
      { scope, moving: true, arriving: true, ...(known && { known: known.whole }) },
      { ...(payload && { payload }), onNotification: (method, _params, part) => reader.take(method, part) },
    );
    const report = reader.finish(result);
    const { same, directories } = reader;
    this.#hasEverything ||= report.whole;
    if (known === null || !report.whole) return report;
    if (same) return { ...report, entries: everythingIn(known) };
    // An earlier version of server-b tells everything.
    if (directories.length === 0) return report;
    const differing = directories.filter((one) => !isAlike(known, one)).map(({ path }) => path);
    return { ...report, entries: joined(known, directories, await this.#entriesIn(differing, budget)) };
  }

  /** @returns the entries directly in each of `directories`, as the last scan saw them. */
  async #entriesIn(directories: readonly (RelPath | '')[], budget: Budget): Promise<ScanResult['entries']> {
    const entries: ScanResult['entries'][number][] = [];
    let items = 0;
    for (const { payload } of encodeDirectories(directories)) {
      const { result } = await this.#control.call(
        'entries',
        {},
        {
          payload,
          onNotification: (_method, _params, part) => {
            const some = parseScanEntries(part);
            budget.take((part?.length ?? 0) + (some.length + 1) * ITEM_BYTES);
            for (const one of some) entries.push(one);
          },
        },
      );
      items += wholeNumber((result as Record<string, unknown>).items, 'the number of entries', 0);
      // What is missing would pass for deleted.
      if (items !== entries.length) throw bad('a part of a report is missing');
    }
    return entries;
  }

  async acceptDeletes(): Promise<void> {
    await this.#control.call('accept-deletes', {});
  }

  async acknowledge(epoch: number, partner: RootDescription): Promise<void> {
    const { root, dir, device, machine } = partner;
    await this.#control.call('acknowledge', { epoch, root, dir, device, machine });
  }

  async guard(paths: readonly RelPath[], on: boolean): Promise<void> {
    const batches = [...encodePaths(paths)];
    if (batches.length === 0) await this.#control.call('guard', { on });
    for (const { payload } of batches) await this.#control.call('guard', { on }, { payload });
  }

  async showLocks(locks: readonly ShownLock[], anew: boolean): Promise<void> {
    for (const [n, { payload }] of encodeShownLocks(locks).entries()) {
      await this.#control.call('show-locks', { anew: anew && n === 0 }, { payload });
    }
  }

  offer(change: Change): Promise<Offer | null> {
    return remoteOffer(this.#control, this.#pool, change);
  }

  read(wanted: readonly Wanted[]): AsyncIterable<Content> {
    return remoteRead(this.#pool, wanted);
  }

  readJoined(wanted: readonly Wanted[]): AsyncIterable<Content | JoinedContents> {
    return remoteReadJoined(this.#pool, wanted);
  }

  apply(changes: readonly Change[], contents: AsyncIterable<Content | JoinedContents>): AsyncIterable<Applied> {
    const taken = this.#takesJoined ? contents : separated(contents);
    return remoteApply(this.#pool, changes, taken, this.#bandwidth);
  }

  /** Sends an event to the other server, for its log, together with others that are said in the same go. */
  tell(event: SyncEvent): void {
    if (this.#events.push(event) === 1) queueMicrotask(() => this.#sendEvents());
  }

  #sendEvents(): void {
    const events = this.#events.splice(0);
    if (this.#takesJoined && events.length > 1) {
      for (const { payload } of encodeList(events)) this.#control.notify('events', {}, payload).catch(() => {});
    } else for (const event of events) this.#control.notify('event', event).catch(() => {});
  }

  onHint(listener: () => void): void {
    this.#listener = listener;
  }

  onOpened(listener: (open: OpenDocuments) => void): void {
    this.#open.onTold(listener);
  }

  async close(): Promise<void> {
    if (this.#pinging !== null) clearInterval(this.#pinging);
    this.#sendEvents();
    this.#control.close();
    this.#pool.close();
  }
}

async function introduce(
  { link, name, root, signal, naming, serveClient }: RemoteOptions,
  lane: boolean,
  onNotification: (method: string, params: unknown, payload: Buffer | null) => void,
): Promise<{
  caller: RpcClient;
  introduction: Introduction;
  above: readonly string[];
  about: ServerFacts & { readonly takesJoined: boolean };
}> {
  const connection = await link.dial({ limits: PEER_LIMITS, signal });
  const caller = new RpcClient(connection, { onNotification, ...(lane && { silence: CONTENTS_SILENCE }) });
  try {
    const clients = serveClient !== undefined && !lane;
    const hello = { protocol: PROTOCOL_VERSION, role: 'peer', root, lane, clients, ...naming?.told };
    const askedAt = Date.now();
    const { result } = await caller.call('hello', hello, { timeoutMs: HELLO_MS, ...(signal && { signal }) });
    const { server, root: rootId, above, joined } = result as Record<string, unknown>;
    if (server !== 'b' || typeof rootId !== 'string') {
      throw new SyncError('bad-message', `What answers at ${name} is not a server-b.`, {
        hint: 'Give the address of a server-b with --peer HOST:PORT.',
      });
    }
    naming?.hear(result);
    const introduction = introductionOf(result as Record<string, unknown>);
    const about = { version: versionIn(result), aheadMs: aheadOf(result, askedAt), takesJoined: joined === true };
    return { caller, introduction, above: above === undefined ? [] : idsOf(above), about };
  } catch (error) {
    caller.close();
    throw error;
  }
}

/** The longest text that is taken for a version. */
const MAX_VERSION = 64;

function versionIn(result: unknown): string | null {
  const { version } = result as Record<string, unknown>;
  return typeof version === 'string' && version.length <= MAX_VERSION ? version : null;
}

/** Its clock was asked in the middle of the time that the answer took, as nearly as can be known. */
function aheadOf(result: unknown, askedAt: number): number | null {
  const { time } = result as Record<string, unknown>;
  return Number.isSafeInteger(time) ? Math.round((time as number) - (askedAt + Date.now()) / 2) : null;
}
