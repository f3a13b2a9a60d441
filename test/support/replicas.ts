// The two forms of a replica on a temporary root: near, and the same one served over the loopback.
import { onTestFinished } from 'vitest';
import { LocalReplica } from '../../src/disk/local-replica.js';
import { openRoot } from '../../src/disk/state/root.js';
import { openStateDirectory } from '../../src/disk/state/state-directory.js';
import { silent } from '../../src/log.js';
import type { Replica, ScanResult } from '../../src/replica.js';
import { RemoteReplica } from '../../src/sync/peer/replica-client.js';
import { ReplicaServer } from '../../src/sync/peer/replica-server.js';
import { tcpTransport } from '../../src/sync/peer/transport.js';
import { serveRpc } from '../../src/wire/rpc/responder.js';
import type { Connection } from '../../src/wire/socket/connection.js';
import { listen } from '../../src/wire/socket/tcp.js';
import { makeRoot, put, removeRoot, type Tree } from './trees.js';

/** A replica under test, with the root behind it. */
export interface ApplyContext {
  readonly root: string;
  readonly replica: Replica;
  /** Ends every connection to the replica at once, as a cut cable does. A near one has none. */
  cut(): void;
}

export type Form = 'near' | 'far';

/** Opens a replica of this form on a new root with `tree` in it. All goes when the test ends. */
export async function openSite(form: Form, tree: Tree = {}): Promise<ApplyContext> {
  const path = makeRoot('replica');
  put(path, tree);
  const root = openRoot(path);
  const state = openStateDirectory(root.path, silent);
  const local = new LocalReplica({ root, state, ignore: [], log: silent });
  onTestFinished(async () => {
    await local.close();
    state.release();
    removeRoot(path);
  });
  if (form === 'near') return { root: path, replica: local, cut: () => {} };
  const connections = new Set<Connection>();
  const server = new ReplicaServer({ replica: local, rootId: state.id, version: '0', log: silent });
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    onConnection: (connection) => {
      connections.add(connection);
      void serveRpc(connection, server.methods(connection));
    },
  });
  onTestFinished(() => listener.close());
  const link = await tcpTransport({ host: '127.0.0.1', port: listener.port }).open();
  const replica = await RemoteReplica.connect({ link, name: 'side-b', root: 'side-a' });
  onTestFinished(() => replica.close());
  const cut = () => {
    for (const connection of connections) connection.close();
  };
  return { root: path, replica, cut };
}

/** Looks at everything until nothing is in motion. @returns the looks joined. */
export async function lookAround(replica: Replica): Promise<ScanResult['entries']> {
  const entries: ScanResult['entries'][number][] = [];
  for (;;) {
    const scan = await replica.scan('everything');
    entries.push(...scan.entries);
    if (scan.unsettled === 0) return entries;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Looks at what is hinted until `isDone` of all that was told, path by path. */
export async function lookUntil(
  replica: Replica,
  isDone: (told: ReadonlyMap<string, ScanResult['entries'][number]['entry']>) => boolean,
): Promise<void> {
  const told = new Map<string, ScanResult['entries'][number]['entry']>();
  for (;;) {
    for (const { path, entry } of (await replica.scan('hinted')).entries) told.set(path, entry);
    if (isDone(told)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
