// server-a: a root of its own, the archive, the locks and the loop. It answers clients from the first moment, whether
// server-b is there or not, and goes on dialling it.
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { SyncError } from '../core/errors.js';
import type { SyncEvent } from '../core/events.js';
import { HeldFiles } from '../disk/apply/held-files.js';
import { LocalReplica } from '../disk/local-replica.js';
import { Staging } from '../disk/staging/staging.js';
import { idsAbove } from '../disk/state/identity.js';
import { describeRoot } from '../disk/state/machine.js';
import { openRoot } from '../disk/state/root.js';
import { openStateDirectory, type StateDirectory } from '../disk/state/state-directory.js';
import type { VersionLimits } from '../disk/versions/pruning.js';
import type { Logger } from '../log.js';
import { CLIENT_LIMITS } from '../wire/frame/limits.js';
import { requestMemory, serve } from '../wire/rpc/responder.js';
import type { Secret } from '../wire/socket/secret.js';
import { listen } from '../wire/socket/tcp.js';
import { ClientServer } from './clients/methods.js';
import { realClock } from './clock.js';
import { Guarding } from './locks/guarding.js';
import { LockBook } from './locks/lock-store.js';
import { type Archive, openArchive } from './pair/archive.js';
import { type LockLoss, locksHalt } from './pair/halt-text.js';
import { RemoteReplica } from './peer/replica-client.js';
import { nestingFault } from './root-nesting.js';
import type { RunningServer } from './running-server.js';
import { Session } from './session/session.js';
import { sayWhoMay } from './who-may.js';

export type { RunningServer } from './running-server.js';

/** How server-a is started. */
export interface ServerAOptions {
  readonly dir: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Where server-b is, or will be. */
  readonly peer: { readonly host: string; readonly port: number };
  /** Patterns to exclude, gitignore lines. */
  readonly ignore: readonly string[];
  /** Everything is looked at again after this many milliseconds. */
  readonly rescanMs: number;
  /** How much of what was overwritten or deleted is kept; 30 days and 20 % of the disk unless given. */
  readonly versionLimits?: VersionLimits | undefined;
  /** What server-b and every client must have too; none for plain TCP. */
  readonly secret?: Secret | undefined;
  /** Whether, without a secret, other users of this machine are trusted: who connects, and who runs server-b. */
  readonly allowLocal?: boolean;
  /** Whether the other side's copy of a locked file is to lose its write bits meanwhile. */
  readonly guard?: boolean;
  readonly version: string;
  readonly log: Logger;
}

const FIRST_DIAL_MS = 50;
const LAST_DIAL_MS = 1_500;
const PATIENCE_MS = 1_000;
const STEADY_MS = 2_000;

/**
 * Starts server-a.
 * @throws SyncError `usage` where the directory or the port cannot be had.
 */
export async function startServerA(options: ServerAOptions): Promise<RunningServer> {
  const root = openRoot(options.dir);
  const state = openStateDirectory(root.path, options.log);
  const rooms = new Rooms(options, root, state);
  try {
    const methods = rooms.clients.methods();
    const memory = requestMemory();
    const { host, port, secret, allowLocal } = options;
    const listener = await listen({
      host,
      port,
      secret,
      allowLocal,
      onRefused: (error) => rooms.log.warn(error.message),
      limits: CLIENT_LIMITS,
      onConnection: (connection) => {
        const onFault = (method: string, error: unknown) =>
          rooms.log.warn(`${method} failed: ${(error as Error).message}`);
        void serve(connection, methods, { onFault, memory });
      },
    });
    rooms.log.event({ event: 'listening', host, port: listener.port, dir: root.path });
    sayWhoMay(options, rooms.log);
    rooms.session.start();
    const rescanning = setInterval(() => rooms.session.rescan(), options.rescanMs);
    const stopping = new AbortController();
    let fail: (error: Error) => void = () => {};
    const failed = new Promise<Error>((resolve) => {
      fail = resolve;
    });
    const dialling = keepDialling(rooms, options, stopping.signal).catch(fail);
    return {
      host,
      port: listener.port,
      failed,
      left: () => rooms.session.overview.left(),
      stop: async () => {
        clearInterval(rescanning);
        await rooms.session.stop();
        stopping.abort();
        await listener.close();
        await dialling;
        await rooms.close();
      },
    };
  } catch (error) {
    await rooms.session.stop();
    await rooms.close();
    throw error;
  }
}

/** Everything that server-a consists of, joined. */
class Rooms {
  readonly log: Logger;
  readonly archive: Archive;
  readonly book: LockBook;
  readonly replica: LocalReplica;
  readonly session: Session;
  readonly clients: ClientServer;
  readonly guarding: Guarding;
  /** The connection to server-b, for telling it what happens. */
  far: RemoteReplica | null = null;
  private readonly listeners = new Set<(event: SyncEvent, time: string) => void>();

  constructor(
    options: ServerAOptions,
    root: ReturnType<typeof openRoot>,
    readonly state: StateDirectory,
  ) {
    const inState = (name: string) => path.join(state.path, name);
    this.log = { ...options.log, event: (event) => this.say(options.log, event) };
    this.archive = openArchive(inState('archive.log'), (text) => this.log.warn(text), state.files.openStore);
    this.book = new LockBook(inState('locks.log'), this.log, state.files.openStore);
    const { ignore, versionLimits } = options;
    this.replica = new LocalReplica({ root, state, ignore, log: this.log, versionLimits });
    this.guarding = new Guarding(this.book, options.guard === true);
    this.guarding.joined('a', this.replica);
    const heldFiles = new HeldFiles(state.held, new Staging(state.staging), this.replica.versions);
    const { pair } = this.archive;
    if (this.book.loss === null) heldFiles.recover(namesOf(this.book));
    else pair.locksHalt = locksHalt(lockLossOf(this.book, this.book.loss, heldFiles));
    if (state.crash !== null) pair.unrecorded.noteRun(this.replica.looker.snapshot, pair.archive);
    this.session = new Session({
      pair,
      own: describeRoot(root, state.id),
      local: this.replica,
      book: this.book,
      heldFiles,
      log: this.log,
      clock: realClock,
      acceptLostLocks: async () => {
        await this.book.acceptLoss();
        pair.locksHalt = null;
        heldFiles.recover(namesOf(this.book));
      },
      paired: (replica) => this.guarding.joined('b', replica),
    });
    this.clients = new ClientServer({
      session: this.session,
      pair,
      book: this.book,
      local: this.replica,
      replica: (side) => (side === 'a' ? this.replica : this.far),
      earlier: (side) => (side === 'a' ? this.replica.earlier : (this.far?.earlier ?? null)),
      version: options.version,
      peer: `${options.peer.host}:${options.peer.port}`,
      listen: (listener) => {
        this.listeners.add(listener);
        return () => void this.listeners.delete(listener);
      },
    });
  }

  private say(log: Logger, event: SyncEvent): void {
    log.event(event);
    if (event.event === 'in-sync') this.replica.dropPartials();
    const time = new Date().toISOString();
    for (const listener of this.listeners) listener(event, time);
    this.far?.tell(event);
  }

  async close(): Promise<void> {
    const parts = [this.far, this.replica, this.book, this.archive];
    // One that cannot write its last state (a full disk) must not keep the others from theirs.
    const closed = await Promise.allSettled(parts.map((part) => part?.close()));
    for (const result of closed) if (result.status === 'rejected') this.log.warn((result.reason as Error).message);
    this.state.release();
  }
}

function lockLossOf(book: LockBook, message: string, heldFiles: HeldFiles): LockLoss {
  const held = [...book.table.held.values()].reduce((sum, { length }) => sum + length, 0);
  return { message, locks: book.table.locks.size, held, orphans: heldFiles.orphans(namesOf(book)) };
}

function namesOf(book: LockBook): Set<string> {
  const names = new Set<string>();
  for (const queue of book.table.held.values()) for (const { file } of queue) if (file !== null) names.add(file);
  return names;
}

/**
 * Dials server-b until told to stop; says why it is not there once, not every time.
 * @throws SyncError `usage` where the first server-b that answers has a directory that cannot be paired with this one.
 */
async function keepDialling(rooms: Rooms, options: ServerAOptions, signal: AbortSignal): Promise<void> {
  const { host, port } = options.peer;
  const { secret, allowLocal } = options;
  const begun = Date.now();
  let wait = FIRST_DIAL_MS;
  let said = '';
  let isPaired = false;
  let nested: SyncError | null = null;
  while (!signal.aborted) {
    try {
      const replica = await RemoteReplica.connect({ host, port, root: rooms.state.id, signal, secret, allowLocal });
      nested = nestingFault(
        { id: rooms.state.id, above: idsAbove(path.dirname(rooms.state.path)) },
        { id: replica.introduction.root, above: replica.above },
      );
      if (nested !== null) await replica.close();
      if (nested !== null) throw nested;
      isPaired = true;
      const since = Date.now();
      await serveUntilLost(rooms, replica, signal);
      // A connection that is lost as soon as it is made is not to be had again at once.
      if (Date.now() - since > STEADY_MS) wait = FIRST_DIAL_MS;
      said = 'unreachable';
    } catch (error) {
      const { code, message, hint } = error as SyncError;
      // Nothing would cure it but starting anew; once it has been a pair, it is the other one that is wrong.
      if (error === nested && !isPaired) throw error;
      // Both servers are often started together: a moment is no reason for words.
      const isEarly = code === 'unreachable' && Date.now() - begun < PATIENCE_MS;
      if (code !== said && !isEarly && !signal.aborted) {
        rooms.log.event({ event: 'peer-lost', reason: code === 'not-allowed' ? `${message} ${hint}` : message });
        said = code;
      }
    }
    await delay(wait, undefined, { signal }).catch(() => {});
    wait = Math.min(wait * 2, LAST_DIAL_MS);
  }
}

async function serveUntilLost(rooms: Rooms, replica: RemoteReplica, signal: AbortSignal): Promise<void> {
  const onAbort = () => void replica.close();
  signal.addEventListener('abort', onAbort);
  rooms.far = replica;
  rooms.session.connected(replica);
  const reason = await replica.closed;
  rooms.far = null;
  rooms.guarding.left('b');
  signal.removeEventListener('abort', onAbort);
  if (!signal.aborted) rooms.session.disconnected(reason?.message ?? 'server-b closed the connection');
}
