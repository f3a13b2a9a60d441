// Starts server-b: it opens its root and serves it to one server-a.

import { LocalReplica } from '../disk/local-replica.js';
import { idsAbove } from '../disk/state/identity.js';
import { openRoot } from '../disk/state/root.js';
import { openStateDirectory } from '../disk/state/state-directory.js';
import type { VersionLimits } from '../disk/versions/pruning.js';
import type { Logger, ServerLogger } from '../log.js';
import { requestMemory, serveRpc } from '../wire/rpc/responder.js';
import type { Secret } from '../wire/socket/secret.js';
import { listen } from '../wire/socket/tcp.js';
import { EventHistory } from './events/history.js';
import { ReplicaServer } from './peer/replica-server.js';
import type { RunningServer } from './running-server.js';
import { sayWhoMay } from './who-may.js';

export type { RunningServer } from './running-server.js';

/** How server-b is started. */
export interface ServerBOptions {
  readonly dir: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Patterns to exclude, gitignore lines. */
  readonly ignore: readonly string[];
  /** How many earlier contents are kept; 30 days and 20 % of the disk unless given. */
  readonly versionLimits?: VersionLimits | undefined;
  /** The secret that server-a must have; absent for plain TCP. */
  readonly secret?: Secret | undefined;
  /** Whether, without a secret, other users of this machine may connect. */
  readonly allowLocal?: boolean;
  readonly version: string;
  readonly log: ServerLogger;
}

/**
 * Starts server-b.
 * @throws SyncError `usage` where the directory or the port cannot be used.
 */
export async function startServerB(options: ServerBOptions): Promise<RunningServer> {
  const { dir, host, port, ignore, versionLimits, secret, allowLocal, version } = options;
  const root = openRoot(dir);
  const log = new EventHistory().before(options.log);
  const state = openStateDirectory(root.path, log);
  const replica = new LocalReplica({ root, state, ignore, log, versionLimits });
  const replicaServer = new ReplicaServer({
    replica,
    rootId: state.id,
    above: () => idsAbove(root.path),
    former: () => state.former,
    dir: root.path,
    memory: replica.memory,
    version,
    log,
    versionReader: replica.versionReader,
  });
  const close = async () => {
    await replica.close();
    state.release();
  };
  const memory = requestMemory();
  try {
    const listener = await listen({
      host,
      port,
      secret,
      allowLocal,
      onRefused: (error) => log.warn(error.message),
      onConnection: (connection) => {
        const onFault = (method: string, error: unknown) => log.warn(`${method} failed: ${(error as Error).message}`);
        void serveRpc(connection, replicaServer.methods(connection), { onFault, memory });
      },
    });
    log.event({ event: 'listening', host, port: listener.port, dir: root.path });
    sayWhoMay(options, log);
    void firstScan(replica, log);
    return {
      host,
      port: listener.port,
      failed: new Promise(() => {}),
      stop: async () => {
        await listener.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Scans the root before server-a asks for it. */
async function firstScan(replica: LocalReplica, log: Logger): Promise<void> {
  const since = performance.now();
  log.event({ event: 'scan-started' });
  try {
    await replica.scan('everything');
    const { files, bytes } = replica.scanner.snapshot;
    log.event({ event: 'scan-finished', files, bytes, ms: Math.round(performance.now() - since) });
  } catch (error) {
    log.warn(`The first look failed and is tried again: ${(error as Error).message}`);
  }
}
