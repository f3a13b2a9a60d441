// Starts server-b: it opens its root and serves it to one server-a, which connects by TCP or is at the end of a stream.
// Where it listens it takes clients, too, and passes what they ask on to server-a.
import type { Duplex } from 'node:stream';
import type { Timetable } from '../core/timetable.js';
import type { EventLog } from '../disk/events/event-log.js';
import { LocalReplica } from '../disk/local-replica.js';
import { removeAddress, writeAddress } from '../disk/state/address.js';
import { idsAbove } from '../disk/state/identity.js';
import { openRoot } from '../disk/state/root.js';
import { openStateDirectory, type StateDirectory } from '../disk/state/state-directory.js';
import type { VersionLimits } from '../disk/versions/pruning.js';
import type { Logger, ServerLogger } from '../log.js';
import { SERVER_B_LIMITS } from '../wire/frame/limits.js';
import { requestMemory, serveRpc } from '../wire/rpc/responder.js';
import { addressText, reachable } from '../wire/socket/address.js';
import { type Connection, connectionOver } from '../wire/socket/connection.js';
import type { Keys } from '../wire/socket/keys.js';
import { acceptStreams } from '../wire/socket/multiplex.js';
import type { Secret } from '../wire/socket/secret.js';
import { listen } from '../wire/socket/tcp.js';
import { EventHistory } from './events/history.js';
import { openEventLog } from './events/open-log.js';
import { Bandwidth } from './peer/bandwidth.js';
import { Naming } from './peer/naming.js';
import { PassingOn } from './peer/passing-on.js';
import { ReplicaServer } from './peer/replica-server.js';
import type { RunningServer } from './running-server.js';
import { sayWhoMay } from './who-may.js';

export type { RunningServer } from './running-server.js';

/** What server-b serves, and how. */
interface SideBOptions {
  readonly dir: string;
  /** Patterns to exclude, gitignore lines. */
  readonly ignore: readonly string[];
  /** How many earlier contents are kept; 30 days and 20 % of the disk unless given. */
  readonly versionLimits?: VersionLimits | undefined;
  /** How fast contents go to and come from server-a; null or absent for no limit. */
  readonly limit?: Timetable | null;
  /** Whether documents that are open on this side are told to server-a; they are unless this is false. */
  readonly autoLock?: boolean;
  /** Whether owner files say to programs on this side who has locked a document; they do unless this is false. */
  readonly showLocks?: boolean;
  /** What texts call side b; absent where nobody has named it. */
  readonly name?: string | null;
  readonly version: string;
  readonly log: ServerLogger;
}

/** How server-b is started. */
export interface ServerBOptions extends SideBOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** The secret that server-a must have; absent for plain TCP. */
  readonly secret?: Secret | undefined;
  /** The keys of the people who may connect, and of server-a, instead of one secret. */
  readonly keys?: Keys | undefined;
  /** Whether, without a secret, other users of this machine may connect. */
  readonly allowLocal?: boolean;
}

/**
 * Starts server-b.
 * @throws SyncError `usage` where the directory or the port cannot be used.
 */
export async function startServerB(options: ServerBOptions): Promise<RunningServer> {
  const { host, port, secret, keys, allowLocal } = options;
  const side = new SideB(options);
  const { log } = side;
  try {
    const listener = await listen({
      host,
      port,
      secret,
      keys,
      allowLocal,
      limits: SERVER_B_LIMITS,
      otherPort: 'server-a with --peer HOST:N',
      onRefused: (error) => log.warn(error.message),
      onConnection: (connection) => void side.passingOn.take(connection),
    });
    log.event({ event: 'listening', host, port: listener.port, dir: side.dir });
    const clients = { host: reachable(host), port: listener.port };
    writeAddress(side.dir, { address: addressText(clients), side: 'b' }, log.warn);
    sayWhoMay(options, log);
    void side.scan();
    return {
      host,
      port: listener.port,
      names: () => side.naming.names,
      failed: new Promise(() => {}),
      stop: async () => {
        await listener.close();
        removeAddress(side.dir, log.warn);
        await side.close();
      },
    };
  } catch (error) {
    side.discard();
    await side.close();
    throw error;
  }
}

/** A server-a that opens no stream or sends nothing for so many milliseconds is gone: it pings every 10 s. */
export const CARRIER_SILENCE_MS = 40_000;

/** A server-b for one stream. */
export interface StreamServer {
  /**
   * Serves the server-a at the other end. Whoever has the stream is trusted.
   * @param carrier such as the standard input and output of this process.
   * @returns resolves when server-a is gone.
   */
  over(carrier: Duplex): Promise<void>;
  /** Ends the connection and the running work cleanly, and releases the root. */
  stop(): Promise<void>;
}

/**
 * Starts a server-b that does not listen.
 * @param silenceMs how long server-a may be silent, in milliseconds.
 * @throws SyncError `usage` where the directory cannot be used.
 */
export function openServerB(options: SideBOptions, silenceMs = CARRIER_SILENCE_MS): StreamServer {
  const side = new SideB(options, true);
  let carrier: Duplex | null = null;
  let closing: Promise<void> | null = null;
  return {
    over: (given) => {
      carrier = given;
      void side.scan();
      const silent = setTimeout(() => given.destroy(), silenceMs);
      const over = acceptStreams(given, (stream) => {
        clearTimeout(silent);
        const connection = connectionOver(stream);
        side.serve(connection, silenceMs);
        void connection.closed.then(() => side.isConnected || given.destroy());
      });
      return over.finally(() => clearTimeout(silent));
    },
    stop: () => {
      carrier?.destroy();
      closing ??= side.close();
      return closing;
    },
  };
}

/** The root of side b, and who is served. */
class SideB {
  readonly dir: string;
  readonly log: Logger;
  readonly #state: StateDirectory;
  readonly #eventLog: EventLog;
  readonly #replica: LocalReplica;
  readonly #server: ReplicaServer;
  readonly #bandwidth: Bandwidth;
  readonly naming: Naming;
  /** Whoever connects to its port. */
  readonly passingOn: PassingOn;
  readonly #memory = requestMemory();

  /** @param ofCaller whether it ends when its one caller is gone. */
  constructor(options: SideBOptions, ofCaller = false) {
    const { dir, ignore, versionLimits, limit, autoLock, showLocks, version, log: given } = options;
    const root = openRoot(dir);
    this.dir = root.path;
    const history = new EventHistory();
    this.log = history.before(given);
    const { log } = this;
    this.#state = openStateDirectory(root.path, log, ofCaller);
    this.#eventLog = openEventLog(this.#state, history);
    removeAddress(root.path, log.warn); // of a pair that was killed
    const ownerFiles = autoLock ?? true;
    const programs = { ownerFiles, showLocks: showLocks ?? true };
    this.#replica = new LocalReplica({ root, state: this.#state, ignore, log, versionLimits, ...programs });
    this.#bandwidth = new Bandwidth(limit);
    this.naming = new Naming('b', options.name);
    this.#server = new ReplicaServer({
      replica: this.#replica,
      rootId: this.#state.id,
      above: () => idsAbove(root.path),
      former: () => this.#state.former,
      dir: root.path,
      memory: this.#replica.memory,
      version,
      log,
      versionReader: this.#replica.versionReader,
      bandwidth: this.#bandwidth,
      naming: this.naming,
    });
    this.passingOn = new PassingOn(this.#server, (connection) => this.serve(connection));
  }

  /** Whether a server-a has said hello and is still there. */
  get isConnected(): boolean {
    return this.#server.peer !== null;
  }

  /** @param idleMs how long server-a may be silent on it; as the protocol has it unless given. */
  serve(connection: Connection, idleMs?: number): void {
    const onFault = (method: string, error: unknown) => this.log.warn(`${method} failed: ${(error as Error).message}`);
    void serveRpc(connection, this.#server.methods(connection), {
      onFault,
      memory: this.#memory,
      ...(idleMs === undefined ? {} : { idleMs }),
    });
  }

  /** Scans the root before server-a asks for it. */
  async scan(): Promise<void> {
    const since = performance.now();
    this.log.event({ event: 'scan-started' });
    try {
      await this.#replica.scan('everything');
      const { files, bytes } = this.#replica.scanner.snapshot;
      this.log.event({ event: 'scan-finished', files, bytes, ms: Math.round(performance.now() - since) });
    } catch (error) {
      this.log.warn(`The first scan failed and is tried again: ${(error as Error).message}`);
    }
  }

  /** Leaves nothing in a root that had no state before. For a server that could not start, before `close`. */
  discard(): void {
    this.#state.discard();
  }

  async close(): Promise<void> {
    this.#bandwidth.close();
    await this.#replica.close();
    await this.#eventLog.close();
    this.#state.release();
  }
}
