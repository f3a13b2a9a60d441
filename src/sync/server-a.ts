// Starts server-a: it opens its root, the archive and the locks, runs the session, answers clients from the start,
// whether server-b is connected or not, and keeps dialling server-b.
import path from 'node:path';
import type { SyncEvent } from '../core/events.js';
import type { Timetable } from '../core/timetable.js';
import { HeldFiles } from '../disk/apply/held-files.js';
import type { EventLog } from '../disk/events/event-log.js';
import { LocalReplica } from '../disk/local-replica.js';
import { Staging } from '../disk/staging/staging.js';
import { removeAddress, writeAddress } from '../disk/state/address.js';
import { AuditLog } from '../disk/state/audit-log.js';
import { describeRoot } from '../disk/state/machine.js';
import { openRoot } from '../disk/state/root.js';
import { openStateDirectory, type StateDirectory } from '../disk/state/state-directory.js';
import type { VersionLimits } from '../disk/versions/pruning.js';
import type { Logger, ServerLogger } from '../log.js';
import { toFailure } from '../wire/frame/errors.js';
import { CLIENT_LIMITS } from '../wire/frame/limits.js';
import { requestMemory, serveRpc } from '../wire/rpc/responder.js';
import { addressText, reachable } from '../wire/socket/address.js';
import type { Connection } from '../wire/socket/connection.js';
import type { KeyDirectory } from '../wire/socket/keys.js';
import type { Secret } from '../wire/socket/secret.js';
import { listen } from '../wire/socket/tcp.js';
import { nameNotProved } from './clients/door.js';
import { InProcessClients } from './clients/in-process.js';
import { ClientServer } from './clients/methods.js';
import type { Page } from './clients/page.js';
import { realClock } from './clock.js';
import { keepDialling } from './dialling.js';
import { EventHistory } from './events/history.js';
import { openEventLog } from './events/open-log.js';
import { AUTO_LOCK_DEFAULTS } from './locks/auto-locks.js';
import { Guarding } from './locks/guarding.js';
import { LockJournal } from './locks/journal.js';
import { LockState } from './locks/lock-state.js';
import { LockShowing } from './locks/showing.js';
import { type Archive, openArchive, unwritten } from './pair/archive.js';
import { type LockLoss, locksHalt } from './pair/halt-text.js';
import type { LastRun } from './pair/lost-outcomes.js';
import { Bandwidth } from './peer/bandwidth.js';
import { Naming } from './peer/naming.js';
import type { RemoteReplica } from './peer/replica-client.js';
import { type PeerTransport, tcpTransport } from './peer/transport.js';
import type { RunningServerA } from './running-server.js';
import type { GateOptions } from './session/gate.js';
import { Session } from './session/session.js';
import { sayWhoMay } from './who-may.js';

export type { RunningServer } from './running-server.js';

/** How server-a is started. */
export interface ServerAOptions {
  readonly dir: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** The address of server-b, or another way to it. */
  readonly peer: { readonly host: string; readonly port: number } | PeerTransport;
  /** Patterns to exclude, gitignore lines. */
  readonly ignore: readonly string[];
  /** A full scan runs every so many milliseconds. */
  readonly rescanMs: number;
  /** How many earlier contents are kept; 30 days and 20 % of the disk unless given. */
  readonly versionLimits?: VersionLimits | undefined;
  /** How fast contents go to and come from server-b; null or absent for no limit. */
  readonly limit?: Timetable | null;
  /** The secret that server-b and every client must have; absent for plain TCP. */
  readonly secret?: Secret | undefined;
  /** The keys of the people who may connect, and of server-b, instead of one secret. */
  readonly keys?: KeyDirectory | undefined;
  /** Whether, without a secret, other users of this machine are trusted: who connects, and who runs server-b. */
  readonly allowLocal?: boolean;
  /** Asks a person before anything is transferred; absent where nobody is to be asked. */
  readonly gate?: GateOptions | undefined;
  /** Whether the other side's copy of a locked file loses its write bits meanwhile. */
  readonly guard?: boolean;
  /** Whether documents are locked while they are open; they are unless this is false. */
  readonly autoLock?: boolean;
  /** How long the automatic lock of a side that is away is kept, in milliseconds; 15 minutes unless given. */
  readonly autoLockGraceMs?: number;
  /** Whether owner files say to programs who has locked a document on the other side; they do unless this is false. */
  readonly showLocks?: boolean;
  /** What texts call side a; absent where nobody has named it. */
  readonly name?: string | null;
  readonly version: string;
  readonly log: ServerLogger;
}

const NO_WORK = { files: 0, bytes: 0 };
const NO_PROGRESS = { done: NO_WORK, left: NO_WORK, percent: 0 };

/**
 * Starts server-a.
 * @throws SyncError `usage` where the directory or the port cannot be used.
 */
export async function startServerA(options: ServerAOptions): Promise<RunningServerA> {
  const root = openRoot(options.dir);
  const history = new EventHistory();
  const log = history.before(options.log);
  const state = openStateDirectory(root.path, log);
  const transport = transportOf(options);
  const server = new ServerA({ ...options, log }, root, state, history, transport.name);
  let unbind = async (): Promise<void> => {};
  try {
    const { host, port, secret, keys, allowLocal } = options;
    const answer = (connection: Connection): void => server.serve(connection);
    const inProcess = new InProcessClients(answer, keys ?? null);
    const listener = await listen({
      host,
      port,
      secret,
      keys,
      allowLocal,
      onRefused: (error) => server.log.warn(error.message),
      limits: CLIENT_LIMITS,
      otherPort: 'give clients that port with --server HOST:N',
      onConnection: answer,
    });
    unbind = () => listener.close();
    server.log.event({ event: 'listening', host, port: listener.port, dir: root.path });
    const clients = { host: reachable(host), port: listener.port };
    writeAddress(root.path, { address: addressText(clients), side: 'a' }, server.log.warn);
    sayWhoMay(options, server.log);
    server.session.start();
    const rescanning = setInterval(() => server.session.rescan(), options.rescanMs);
    const stopping = new AbortController();
    let fail: (error: Error) => void = () => {};
    const failed = new Promise<Error>((resolve) => {
      fail = resolve;
    });
    const dialling = keepDialling(server, transport, stopping.signal).catch(fail);
    return {
      host,
      port: listener.port,
      clients,
      failed,
      run: history.run,
      names: () => server.naming.names,
      lastEvent: () => history.last,
      eventCount: (event) => history.count(event),
      state: () => server.session.status.state,
      connectClient: (person, remote) => inProcess.connect(person, remote),
      servePage: (page) => {
        server.page = page;
      },
      // While a person is asked, nothing moves.
      progress: () => (server.session.isPaused ? NO_PROGRESS : server.session.status.progress()),
      exceptions: () => ({
        held: server.lockState.table.heldUpdates,
        problems: server.session.status.problems().length,
      }),
      stop: async () => {
        clearInterval(rescanning);
        await server.session.stop();
        stopping.abort();
        inProcess.close();
        await listener.close();
        await dialling;
        await transport.close?.();
        removeAddress(root.path, server.log.warn);
        await server.close();
      },
    };
  } catch (error) {
    await server.session.stop();
    await unbind();
    state.discard();
    await server.close();
    throw error;
  }
}

/** The parts of server-a, joined. */
class ServerA {
  readonly log: Logger;
  readonly archive: Archive;
  readonly lockState: LockState;
  readonly replica: LocalReplica;
  readonly session: Session;
  readonly clients: ClientServer;
  readonly #methods: ReturnType<ClientServer['methods']>;
  readonly #memory = requestMemory();
  readonly #areNamesProved: boolean;
  readonly guarding: Guarding;
  readonly showing: LockShowing;
  readonly eventLog: EventLog;
  readonly audit: AuditLog;
  readonly bandwidth: Bandwidth;
  readonly naming: Naming;
  /** The connection to server-b, for sending it events. */
  peer: RemoteReplica | null = null;
  /** The page, where it is served. */
  page: Page | null = null;

  constructor(
    options: Omit<ServerAOptions, 'log'> & { readonly log: Logger },
    root: ReturnType<typeof openRoot>,
    readonly state: StateDirectory,
    history: EventHistory,
    peerName: string,
  ) {
    this.eventLog = openEventLog(state, history);
    this.audit = new AuditLog({ directory: state.path, problems: state.problems });
    const inState = (name: string) => path.join(state.path, name);
    this.log = { ...options.log, event: (event) => this.#say(options.log, event) };
    const { openStore } = state.files;
    // A server that only shows a plan must not forget what was shared: another partner would be accepted for good.
    const open = options.gate?.before === 'everything' ? unwritten(openStore) : openStore;
    this.archive = openArchive(inState('archive.log'), (text) => this.log.warn(text), open);
    const locks = new LockJournal(inState('locks.log'), openStore, this.archive.tokenFloor);
    this.lockState = new LockState(locks, this.log);
    const { ignore, versionLimits, autoLock, autoLockGraceMs } = options;
    this.bandwidth = new Bandwidth(options.limit);
    this.naming = new Naming('a', options.name);
    const { log } = this;
    const programs = { ownerFiles: autoLock ?? true, showLocks: options.showLocks ?? true, hasRules: true };
    this.replica = new LocalReplica({ root, state, ignore, log, versionLimits, ...programs });
    const { lockRules } = this.replica;
    const isGuarded = (at: string) => options.guard === true || lockRules.rules.ruleOf(at).guard;
    this.guarding = new Guarding(this.lockState, isGuarded);
    lockRules.onChange = () => this.guarding.refresh();
    this.guarding.joined('a', this.replica);
    this.showing = new LockShowing({ lockState: this.lockState, clock: realClock, isOn: options.showLocks !== false });
    this.showing.joined('a', this.replica);
    const heldFiles = new HeldFiles(state.held, new Staging(state.staging), this.replica.versions);
    const { pair } = this.archive;
    if (this.lockState.loss === null) heldFiles.recover(namesOf(this.lockState));
    else pair.locksHalt = locksHalt(lockLossOf(this.lockState, this.lockState.loss, heldFiles));
    const { scanner, lostMemory } = this.replica;
    const lastRun: LastRun = { crash: state.crash, hasForgotten: lostMemory, seen: scanner.snapshot };
    pair.lostOutcomes.noteLastRun(lastRun, pair.archive, pair.meta);
    this.session = new Session({
      pair,
      own: describeRoot(root, state.id),
      local: this.replica,
      lockState: this.lockState,
      heldFiles,
      log: this.log,
      clock: realClock,
      gate: options.gate,
      autoLock: {
        ...AUTO_LOCK_DEFAULTS,
        ...(autoLock === undefined ? {} : { isOn: autoLock }),
        ...(autoLockGraceMs === undefined ? {} : { graceMs: autoLockGraceMs }),
        rules: () => lockRules.rules,
      },
      acceptLostLocks: async () => {
        await this.lockState.acceptLoss();
        pair.limitFormerHeld();
        pair.locksHalt = null;
        heldFiles.recover(namesOf(this.lockState));
      },
      paired: (replica) => {
        this.guarding.joined('b', replica);
        this.showing.joined('b', replica);
      },
    });
    this.clients = new ClientServer({
      session: this.session,
      pair,
      lockState: this.lockState,
      local: this.replica,
      replica: (side) => (side === 'a' ? this.replica : this.peer),
      serverB: () => this.peer?.about ?? null,
      naming: this.naming,
      versionReader: (side) => (side === 'a' ? this.replica.versionReader : (this.peer?.versionReader ?? null)),
      roots: () => ({ a: state.id, b: this.peer?.introduction.root ?? pair.meta.get('roots')?.split(' ')[1] ?? null }),
      version: options.version,
      peer: peerName,
      audit: this.audit,
      page: () => this.page,
      events: {
        history,
        directory: state.log,
        written: () => this.eventLog.written(),
        damaged: (lines) => this.log.warn(`${lines} lines of the event log ${state.log.path} cannot be read.`),
        unreadable: (error) => this.log.warn(`The event log cannot be read: ${(error as Error).message}`),
      },
    });
    this.#methods = this.clients.methods();
    this.#areNamesProved = options.keys !== undefined;
  }

  /** Answers a client. */
  serve(connection: Connection): void {
    const onFault = (method: string, error: unknown) => this.log.warn(`${method} failed: ${(error as Error).message}`);
    void serveRpc(connection, this.#methods, { onFault, memory: this.#memory });
  }

  /** Answers a client of server-b. With keys, nobody whose name no key has proved, whoever lets him in. */
  readonly serveClient = (connection: Connection): void => {
    if (!this.#areNamesProved || (connection.person ?? null) !== null) this.serve(connection);
    else {
      const error = nameNotProved();
      void connection.send({ id: null, error: toFailure(error) });
      connection.close(error);
    }
  };

  /** Server-b is connected. */
  joined(replica: RemoteReplica): void {
    this.peer = replica;
    this.session.connected(replica);
  }

  /** Server-b is not connected any more. @param reason null where this server ended it. */
  left(reason: string | null): void {
    this.peer = null;
    this.guarding.left('b');
    this.showing.left('b');
    if (reason !== null) this.session.disconnected(reason);
  }

  #say(log: Logger, event: SyncEvent): void {
    log.event(event);
    if (event.event === 'in-sync') this.replica.dropPartials();
    this.peer?.tell(event);
  }

  async close(): Promise<void> {
    // The lock table leaves its last token in the archive.
    const locksAndArchive = async () => {
      await this.lockState.close().finally(() => this.archive.close());
    };
    // A part that cannot write its last state (a full disk) must not keep the others from writing theirs.
    const closed = await Promise.allSettled([this.peer?.close(), this.replica.close(), locksAndArchive()]);
    for (const result of closed) if (result.status === 'rejected') this.log.warn((result.reason as Error).message);
    this.bandwidth.close();
    this.audit.close();
    await this.eventLog.close();
    this.state.release();
  }
}

function lockLossOf(lockState: LockState, message: string, heldFiles: HeldFiles): LockLoss {
  const { locks, heldUpdates: held } = lockState.table;
  return { message, locks: locks.size, held, orphans: heldFiles.orphans(namesOf(lockState)) };
}

function namesOf(lockState: LockState): Set<string> {
  const names = new Set<string>();
  for (const queue of lockState.table.held.values()) for (const { file } of queue) if (file !== null) names.add(file);
  return names;
}

function transportOf({ peer, secret, keys, allowLocal }: ServerAOptions): PeerTransport {
  return 'open' in peer ? peer : tcpTransport({ ...peer, secret, keys, allowLocal });
}
