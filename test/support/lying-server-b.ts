// A server-b that speaks the protocol and says of its files what a test tells it to say: what a side claims is no proof.
import { onTestFinished } from 'vitest';
import type { Change } from '../../src/core/change.js';
import type { Entry } from '../../src/core/entry.js';
import type { RelPath } from '../../src/core/path.js';
import { entryOf, Snapshot } from '../../src/core/snapshot.js';
import { silent } from '../../src/log.js';
import type { Applied, Content, Offer, Replica, ScanResult } from '../../src/replica.js';
import { ReplicaServer } from '../../src/sync/peer/replica-server.js';
import { serveRpc } from '../../src/wire/rpc/responder.js';
import type { Connection } from '../../src/wire/socket/connection.js';
import { listen } from '../../src/wire/socket/tcp.js';

/** What it claims to have: whatever it was given, until it is told to lie. */
class Claims implements Replica {
  readonly scanner = { snapshot: new Snapshot() };
  #untold: { path: RelPath; entry: Entry | null }[] = [];
  #hint: () => void = () => {};
  /** Changes that it was asked to make. */
  readonly asked: Change[] = [];

  claim(entries: Iterable<readonly [RelPath, Entry | null]>): void {
    for (const [path, entry] of entries) {
      this.scanner.snapshot.put(path, entry);
      this.#untold.push({ path, entry });
    }
    this.#hint();
  }

  async scan(): Promise<ScanResult> {
    const entries = this.#untold;
    this.#untold = [];
    return { entries, whole: false, unknown: [], problems: [], rules: [], unsettled: 0, halt: null };
  }

  async *apply(changes: readonly Change[], contents: AsyncIterable<Content>): AsyncGenerator<Applied> {
    for await (const content of contents) if ('data' in content) content.release?.();
    for (const [n, change] of changes.entries()) {
      this.asked.push(change);
      this.scanner.snapshot.put(change.path, change.after);
      yield { n, outcome: { kind: 'done', sent: 0 } };
    }
  }

  async *read(): AsyncGenerator<Content> {}

  async offer(): Promise<Offer | null> {
    return null;
  }

  async acceptDeletes(): Promise<void> {}

  onHint(listener: () => void): void {
    this.#hint = listener;
  }

  async close(): Promise<void> {}
}

/** Where it listens, and what it says. */
export interface LyingServerB {
  readonly port: number;
  readonly claims: Claims;
  /** Everything that it claims to have, as it is now. */
  files(): [RelPath, Entry][];
  /** Ends every connection. */
  hangUp(): void;
}

/** Starts one; it ends with the test. */
export async function lyingServerB(): Promise<LyingServerB> {
  const claims = new Claims();
  const connections = new Set<Connection>();
  const server = new ReplicaServer({ replica: claims, rootId: 'liar', version: '0', log: silent });
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    onConnection: (connection) => {
      connections.add(connection);
      void serveRpc(connection, server.methods(connection));
    },
  });
  onTestFinished(() => listener.close());
  return {
    port: listener.port,
    claims,
    files: () => [...claims.scanner.snapshot.walk()].map(([path, node]) => [path, entryOf(node)!]),
    hangUp: () => {
      for (const connection of connections) connection.close();
      connections.clear();
    },
  };
}
