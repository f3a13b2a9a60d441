// People who let server-a do it: uploads, renames and deletions of files, and settled conflicts, as client writes on side
// a. What they are told as done is checked against what others were told before, and must survive a power cut.

import type { Change } from '../../src/core/change.js';
import type { Keep } from '../../src/core/conflicts/resolve.js';
import { type Entry, type FileEntry, sameContent } from '../../src/core/entry.js';
import { SyncError } from '../../src/core/errors.js';
import { mergedListing } from '../../src/core/listing.js';
import type { RelPath } from '../../src/core/path.js';
import { Resolving } from '../../src/sync/files/resolve-conflict.js';
import type { WriteStep } from '../../src/sync/files/write.js';
import { missingParents } from '../../src/sync/files/write.js';
import type { ClientWrites } from '../../src/sync/files/write-queue.js';
import type { Clients } from './clients.js';
import { contentOf, hashOf, sizeOf } from './disk.js';
import type { ServerA } from './servers.js';
import type { Users } from './users.js';
import type { World } from './world.js';

type At = (path: RelPath) => Entry | null;

/** What a write takes away from a path, and when that was decided. */
interface Taken {
  readonly path: RelPath;
  readonly content: string;
  readonly shared: boolean;
  readonly time: number;
}

/** One person's wish, while it is under way. */
interface Writing {
  readonly server: ServerA;
  readonly owner: string;
  readonly what: string;
  readonly taken: readonly Taken[];
  readonly writes: ClientWrites;
}

export class Writers {
  readonly #world: World;
  readonly #users: Users;
  readonly #clients: Clients;

  asking = 0;

  constructor(world: World, users: Users, clients: Clients) {
    this.#world = world;
    this.#users = users;
    this.#clients = clients;
  }

  /** server-a has started anew: who waited for the last one is not answered. */
  restarted(): void {
    this.asking = 0;
  }

  upload(server: ServerA, owner: string, path: RelPath, content: string, overwrite: boolean): Promise<void> {
    const writing = this.#begin(server, owner, `upload ${path} = ${content}`);
    const decide = (at: At): WriteStep[] => {
      const before = at(path);
      if (before?.type === 'dir' || (before !== null && !overwrite)) throw exists(path);
      const mtime = server.process.clock.now() * 1000;
      const after: FileEntry = { type: 'file', size: sizeOf(content), mtime, mode: 0o644, hash: hashOf(content) };
      const change = { path, action: before === null ? 'created' : 'modified', before, after } as const;
      return [...missingParents(path, at), { change, contents: () => server.replica.pieces(0, content) }];
    };
    return this.#ask(writing, [path], async () => {
      await writing.writes.ask({ owner, paths: [path], decide });
      this.#users.promised(content);
    });
  }

  rename(server: ServerA, owner: string, from: RelPath, to: RelPath): Promise<void> {
    const writing = this.#begin(server, owner, `rename ${from} to ${to}`);
    const decide = (at: At): WriteStep[] => {
      const entry = at(from);
      if (entry?.type !== 'file' || at(to) !== null) throw exists(to);
      const change = { path: to, action: 'renamed', before: null, after: entry, from: { path: from, entry } } as const;
      return [...missingParents(to, at), { change }];
    };
    const ended = this.#clients.renaming(owner, [from]);
    return this.#ask(writing, [from, to], () => writing.writes.ask({ owner, paths: [from, to], decide }), ended);
  }

  remove(server: ServerA, owner: string, path: RelPath): Promise<void> {
    const writing = this.#begin(server, owner, `delete ${path}`);
    const decide = (at: At): WriteStep[] => {
      const before = at(path);
      if (before === null || before.type === 'dir') return [];
      return [{ change: { path, action: 'deleted', before, after: null } }];
    };
    return this.#ask(writing, [path], () => writing.writes.ask({ owner, paths: [path], decide }));
  }

  /** Settles whatever conflict copies there are of one file. */
  resolve(server: ServerA, owner: string, keep: Keep): Promise<void> {
    const { pair, replica: local } = server;
    const files = () =>
      pair.a.snapshot === null ? [] : mergedListing(pair.a.snapshot, pair.b.snapshot ?? pair.archive);
    const writing = this.#begin(server, owner, `resolve keeping ${keep}`);
    const resolving = new Resolving({ pair, writes: writing.writes, local, files });
    const [row] = resolving.conflicts();
    if (row === undefined) return Promise.resolve();
    const original = row.path as RelPath;
    const copies = resolving.conflicts().filter(({ path }) => path === original);
    const paths = [original, ...copies.map(({ copy }) => copy as RelPath)];
    const ended = this.#clients.renaming(owner, paths);
    return this.#ask(writing, paths, () => resolving.resolve(original, keep, owner), ended);
  }

  /** What is decided for this person is noted before it is done. */
  #begin(server: ServerA, owner: string, what: string): Writing {
    const { writes } = server.session;
    const taken: Taken[] = [];
    const ask: ClientWrites['ask'] = (write) =>
      writes.ask({
        ...write,
        decide: (at) => {
          taken.length = 0;
          const steps = write.decide(at);
          for (const { change } of steps) {
            this.#note(change, taken);
            this.#noteOther(server, change);
          }
          return steps;
        },
      });
    const noting = { ask, isClaimed: (path: RelPath) => writes.isClaimed(path) } as ClientWrites;
    return { server, owner, what, taken, writes: noting };
  }

  /** What stands there goes to versions, or (where it is moved) to another path. */
  #note({ path, before, after, from }: Change, taken: Taken[]): void {
    const world = this.#world;
    const users = this.#users;
    const take = (at: RelPath, entry: Entry | null) => {
      users.touched.set(at, world.time);
      if (entry?.type !== 'file') return;
      const content = contentOf(entry);
      taken.push({ path: at, content, shared: users.isShared(at, content), time: world.time });
    };
    take(path, before);
    if (before?.type === 'file') users.putAside(contentOf(before));
    if (from !== undefined) take(from.path, from.entry);
    if (after?.type === 'file') users.mayStandAt(path, contentOf(after));
  }

  /**
   * The holder of side b writes there, too: what side b had and could not bring over, because side a has updates that are
   * held, or could not be, goes to versions.
   */
  #noteOther({ lockState, pair }: ServerA, { path }: Change): void {
    const { table } = lockState;
    const hasUpdates = table.heldOf(path).length > 0 || !sameContent(pair.entry('a', path), pair.shared(path));
    const entry = table.heldSide(path) === 'a' && hasUpdates ? pair.entry('b', path) : null;
    if (entry?.type === 'file') this.#users.putAside(contentOf(entry));
  }

  async #ask(
    writing: Writing,
    paths: readonly RelPath[],
    act: () => Promise<unknown>,
    ended = () => {},
  ): Promise<void> {
    const { server, owner, what } = writing;
    const world = this.#world;
    const clients = this.#clients;
    world.say(() => `${owner} asks: ${what}`);
    const foreign = clients.heldByOthers(owner, paths);
    const since = world.time;
    this.asking++;
    let refused: unknown = null;
    try {
      await act();
    } catch (error) {
      if (!(error instanceof SyncError)) world.broken(`${what} failed with ${(error as Error).stack}`);
      refused = error;
    }
    if (!server.process.alive) return;
    this.asking--;
    ended();
    world.say(() => `${owner} is answered: ${what}: ${refused === null ? 'done' : (refused as Error).message}`);
    if (world.time - since > 130_000) world.broken(`${owner} waited ${world.time - since} ms for ${what}`);
    if (refused !== null) return;
    for (const claim of clients.heldByOthers(owner, paths)) {
      if (foreign.includes(claim)) world.broken(`${what} was done under the lock of ${claim.owner}`);
    }
    for (const { path, content, shared, time } of writing.taken) {
      // A first contact has begun meanwhile: it deletes nothing, and what was taken away may come back.
      const counts = shared && !server.pair.firstContact;
      if (counts && this.#users.touched.get(path) === time) this.#users.takenAway(path, content);
    }
    for (const path of paths) this.#users.touched.set(path, world.time);
  }
}

const exists = (path: RelPath): SyncError => new SyncError('exists', `${path} exists already.`);
