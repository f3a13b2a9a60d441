// The forms of a replica: near, on a temporary root; far, the same one served over the loopback; simulated, on a disk in
// memory. Each comes with a site: what a user can do there and see.
import fs from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { RelPath } from '../../src/core/path.js';
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
import { hashOf, SimDisk } from '../sim/disk.js';
import { Ledger } from '../sim/ledger.js';
import { SimReplica } from '../sim/replica.js';
import { Process, World } from '../sim/world.js';
import { file } from './disk-site.js';
import { makeRoot, put, readTree, removeRoot, type Tree, type TreeNode } from './trees.js';

/** A replica under test, and the place of its files. */
export interface Site {
  readonly replica: Replica;
  /** @returns the entry of a file with this content, as the replica would report it. */
  readonly file: typeof file;
  /** A user writes a file, in a directory that is there. */
  write(at: string, content: string): void;
  /** A user deletes a file. */
  remove(at: string): void;
  tree(): Tree;
  /** The permission bits of what is at `at`. */
  modeOf(at: string): number;
  /** A moment for what is being waited for. */
  pause(): Promise<void>;
}

/** A site with a root of its own. */
export interface DiskSite extends Site {
  readonly root: string;
  /** Ends every connection to the replica at once, as a cut cable does. A near one has none. */
  cut(): void;
}

export type DiskForm = 'near' | 'far';
export type Form = DiskForm | 'simulated';

/** Bytes that stand for a MiB: in a simulation, where every few bytes are a step, far fewer. */
export const mebibyteIn = (form: Form): number => (form === 'simulated' ? 16 : 1 << 20);

/** Opens a replica of this form with `tree` in it. All goes when the test ends. */
export const openSite = async (form: Form, tree: Tree = {}): Promise<Site> =>
  form === 'simulated' ? simulatedSite(tree) : openDiskSite(form, tree);

/** Opens a replica of this form on a new root with `tree` in it. All goes when the test ends. */
export async function openDiskSite(form: DiskForm, tree: Tree = {}): Promise<DiskSite> {
  const place = makeRoot('replica');
  put(place, tree);
  const root = openRoot(place);
  const state = openStateDirectory(root.path, silent);
  const local = new LocalReplica({ root, state, ignore: [], log: silent });
  onTestFinished(async () => {
    await local.close();
    state.release();
    removeRoot(place);
  });
  const site = {
    root: place,
    file,
    write: (at: string, content: string) => fs.writeFileSync(path.join(place, at), content),
    remove: (at: string) => fs.rmSync(path.join(place, at)),
    tree: () => readTree(place),
    modeOf: (at: string) => fs.statSync(path.join(place, at)).mode & 0o777,
    pause: () => new Promise<void>((resolve) => setTimeout(resolve, 5)),
  };
  if (form === 'near') return { ...site, replica: local, cut: () => {} };
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
  return { ...site, replica, cut };
}

/** A world whose time goes on by itself as long as something is due. */
export class GoingWorld extends World {
  #wake: () => void = () => {};
  #isOver = false;

  override at(ms: number, act: () => void): () => void {
    const cancel = super.at(ms, act);
    this.#wake();
    return cancel;
  }

  async go(): Promise<void> {
    while (!this.#isOver) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await this.run(() => this.#isOver, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
      if (this.fault !== null) throw this.fault;
      await woken;
    }
  }

  end(): void {
    this.#isOver = true;
    this.#wake();
  }
}

function simulatedSite(tree: Tree): Site {
  const world = new GoingWorld(1, false);
  const ledger = new Ledger(world);
  const disk = new SimDisk(ledger);
  const process = new Process(world, () => 0);
  const at = (name: string) => disk.at(name)!;
  const grow = (nodes: Tree, above: string): void => {
    for (const [name, node] of Object.entries(nodes)) {
      if (typeof node === 'string' || Buffer.isBuffer(node)) disk.link(at(above), name, written(String(node)));
      else if (isLink(node)) disk.link(at(above), name, disk.inode('symlink', node.link, 0o777, 0));
      else {
        disk.link(at(above), name, disk.inode('dir', '', 0o755, 0));
        grow(node, above === '' ? name : `${above}/${name}`);
      }
    }
  };
  const written = (content: string) => {
    ledger.written.add(content);
    return disk.inode('file', content, 0o644, world.time * 1_000);
  };
  disk.by = 'user';
  grow(tree, '');
  disk.by = 'engine';
  const quiet = { unreadable: new Set<string>(), dirty: new Set<string>(), untold: new Set<string>() };
  const replica = new SimReplica({ name: 'b', disk, ...quiet, moment: () => {}, changed: () => {} }, process);
  const asUser = (name: string, act: () => void) => {
    disk.by = 'user';
    act();
    disk.by = 'engine';
    replica.scanner.hint(name as RelPath);
  };
  void world.go();
  onTestFinished(() => world.end());
  return {
    replica,
    file: (content, more) => {
      ledger.written.add(String(content));
      return { ...file(content, more), hash: hashOf(String(content)) };
    },
    write: (name, content) =>
      asUser(name, () => {
        const present = disk.at(name);
        if (present === null) disk.link(at(path.dirname(name).replace('.', '')), path.basename(name), written(content));
        else disk.write(present, content, world.time * 1_000);
      }),
    remove: (name) =>
      asUser(name, () => void disk.unlink(at(path.dirname(name).replace('.', '')), path.basename(name))),
    tree: () => treeOf(disk),
    modeOf: (name) => at(name).mode,
    pause: () => world.sleep(5),
  };
}

const isLink = (node: TreeNode): node is { readonly link: string } => typeof (node as Tree).link === 'string';

function treeOf(disk: SimDisk, dir = disk.root): Tree {
  const tree: Record<string, TreeNode> = {};
  for (const [name, { type, content, ...inode }] of dir.children) {
    if (type === 'dir') tree[name] = treeOf(disk, { type, content, ...inode });
    else tree[name] = type === 'symlink' ? { link: content } : content;
  }
  return tree;
}

/** Looks at everything until nothing is in motion. @returns the scans joined. */
export async function lookAround({ replica, pause }: Site): Promise<ScanResult['entries']> {
  const entries: ScanResult['entries'][number][] = [];
  for (;;) {
    const scan = await replica.scan('everything');
    entries.push(...scan.entries);
    if (scan.unsettled === 0) return entries;
    await pause();
  }
}

/** Looks at what is hinted until `isDone` of all that was told, path by path. */
export async function lookUntil(
  { replica, pause }: Site,
  isDone: (told: ReadonlyMap<string, ScanResult['entries'][number]['entry']>) => boolean,
): Promise<void> {
  const told = new Map<string, ScanResult['entries'][number]['entry']>();
  for (;;) {
    for (const { path: at, entry } of (await replica.scan('hinted')).entries) told.set(at, entry);
    if (isDone(told)) return;
    await pause();
  }
}
