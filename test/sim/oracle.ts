// What must be true: at rest, whenever the pair says that it is in sync, when a flush is answered, and of locks always.
import { sameEntry } from '../../src/core/entry.js';
import type { SyncEvent } from '../../src/core/events.js';
import type { Lock } from '../../src/core/locks/records.js';
import { isAtOrBelow, otherSide, parentOf, type RelPath } from '../../src/core/path.js';
import { entryOf } from '../../src/core/snapshot.js';
import type { StoredRow } from '../../src/sync/locks/lock-store.js';
import type { Clients } from './clients.js';
import { contentOf, type Inode, isGuarded, type SimDisk, seenOf } from './disk.js';
import type { Ledger } from './ledger.js';
import type { Notices } from './notices.js';
import type { Place } from './replica.js';
import type { ServerA } from './servers.js';
import type { Users } from './users.js';
import type { World } from './world.js';

/** How long the end of a lock may take. */
const OVERDUE_MS = 30_000;

export class Oracle {
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #users: Users;
  readonly #clients: Clients;
  readonly #notices: Notices;
  readonly #places: { readonly a: Place; readonly b: Place };

  /** By path, the position that was applied last since the unlock. */
  readonly #applied = new Map<string, number>();
  /** When each lock was taken, and since when it has had its present end, by its token. */
  readonly #taken = new Map<number, { readonly at: number; readonly since: number; readonly expires: number | null }>();
  /** Paths that were unlocked before server-a knew what the side of their lock has. */
  readonly #unseen = new Set<RelPath>();

  constructor(
    world: World,
    ledger: Ledger,
    users: Users,
    clients: Clients,
    notices: Notices,
    places: { readonly a: Place; readonly b: Place },
  ) {
    this.#world = world;
    this.#ledger = ledger;
    this.#users = users;
    this.#clients = clients;
    this.#notices = notices;
    this.#places = places;
  }

  /** Some of the lock table is gone. */
  tableLost(): void {
    this.#applied.clear();
    this.#unseen.clear();
  }

  /** server-a comes with a lock table that knows nothing of what was before. */
  tableChanged(): void {
    this.#applied.clear();
    this.#taken.clear();
    this.#unseen.clear();
  }

  /** server-a has started anew: the token of a lock that a power cut took back, before anybody knew of it, is given again. */
  restarted({ lockState }: ServerA): void {
    const tokens = new Set([...lockState.table.locks.values()].map(({ token }) => token));
    for (const token of this.#taken.keys()) if (!tokens.has(token)) this.#taken.delete(token);
  }

  /** Paths at which the two trees differ. */
  differing(): string[] {
    const a = new Map(this.#places.a.disk.walk());
    const b = new Map(this.#places.b.disk.walk());
    const all = new Set([...a.keys(), ...b.keys()]);
    return [...all].filter((path) => !isSame(a.get(path), b.get(path)));
  }

  #excused(server: ServerA, path: string): boolean {
    const { table } = server.lockState;
    for (const held of table.held.keys()) if (isNear(held, path)) return true;
    for (const problem of server.session.status.problems()) {
      // A move that fails has two ends, and only one of them is named.
      if (problem.path === '' || problem.code !== 'unreadable' || touches(problem.path, path)) return true;
      if (this.#isKeptWhole(problem.path, path)) return true;
    }
    return false;
  }

  /** Whether `path` is in a directory that cannot give way to what the other side has there, because of `unreadable`. */
  #isKeptWhole(unreadable: string, path: string): boolean {
    const { a, b } = this.#places;
    for (let above = parentOf(path as RelPath); above !== ''; above = parentOf(above)) {
      const isReplaced = a.disk.at(above)?.type !== b.disk.at(above)?.type;
      if (isReplaced && isAtOrBelow(unreadable, above)) return true;
    }
    return false;
  }

  /** The pair says that both sides agree. */
  saidInSync(server: ServerA): void {
    for (const path of this.differing()) {
      if (this.#excused(server, path) || this.#isDirty(path)) continue;
      this.#world.broken(`in-sync was said, but ${path} differs: ${this.#show(path)}`);
      return;
    }
  }

  /** Whether a user was there, and no scan that server-a was told of has been since. */
  #isDirty(path: string): boolean {
    for (const place of [this.#places.a, this.#places.b]) {
      for (const dirty of [...place.dirty, ...place.untold]) if (touches(dirty, path)) return true;
    }
    return false;
  }

  /** A flush that was asked for at `since` has been answered. */
  flushed(server: ServerA, since: number): void {
    for (const path of this.differing()) {
      if (this.#excused(server, path) || this.#touchedSince(path, since)) continue;
      this.#world.broken(`a flush came back, but ${path} differs: ${this.#show(path)}`);
      return;
    }
  }

  #touchedSince(path: string, since: number): boolean {
    for (const [touched, time] of this.#users.touched) if (time >= since && touches(touched, path)) return true;
    return false;
  }

  /** Nothing moves any more and nothing is in the way: everything must be equal, in place and recorded. */
  atRest(server: ServerA): void {
    const fault = this.#faultAtRest(server);
    if (fault !== null) this.#world.broken(`at rest ${fault}`);
    else this.#nothingMissing(server);
  }

  #faultAtRest(server: ServerA): string | null {
    const ledger = this.#ledger;
    const isHeld = (path: string) => [...server.lockState.table.held.keys()].some((held) => isNear(held, path));
    for (const path of this.differing()) if (!isHeld(path)) return `${path} differs: ${this.#show(path)}`;
    const a = new Map(this.#places.a.disk.walk());
    const archive = new Map([...server.pair.archive.walk()].map(([path, node]) => [path as string, entryOf(node)]));
    for (const path of new Set([...a.keys(), ...archive.keys()])) {
      const inode = a.get(path);
      if (!sameEntry(inode === undefined ? null : seenOf(inode), archive.get(path) ?? null) && !isHeld(path)) {
        return `the archive is wrong about ${path}`;
      }
    }
    for (const [path, { type, content }] of a) {
      if (type !== 'file' || isHeld(path)) continue;
      if (ledger.isSuperseded(path, content)) return `${path} is ${content} again, which a user had replaced`;
    }
    return null;
  }

  /** Every content that nobody destroyed is in place on both sides, under its name or a conflict copy's. */
  #nothingMissing(server: ServerA): void {
    const inPlace = (disk: SimDisk) => new Set([...disk.walk()].map(([, { content }]) => content));
    const [a, b] = [inPlace(this.#places.a.disk), inPlace(this.#places.b.disk)];
    for (const content of this.#ledger.kept()) {
      if (a.has(content) && b.has(content)) continue;
      if (server.lockState.table.held.size > 0) continue;
      this.#world.broken(`at rest ${content} is not in place, though nobody replaced it`);
      return;
    }
  }

  /** What the pair says. */
  said(server: ServerA | null, event: SyncEvent): void {
    if (server !== null) for (const path of [...this.#unseen]) this.#keepsHeld(server, path);
    if (event.event === 'in-sync' && server !== null) this.saidInSync(server);
    if (event.event === 'unlocked' && server !== null) this.#unlocked(server, event);
    if (event.event === 'applied') {
      const before = this.#applied.get(event.path) ?? 0;
      if (event.position <= before) {
        this.#world.broken(`update ${event.position} of ${event.path} was applied after ${before}`);
      }
      this.#applied.set(event.path, event.position);
    }
    if (event.event !== 'held') return;
    // The first of a new queue: an unlock that could not be written is in force, though nobody said so.
    if (event.position === 1) this.#applied.delete(event.path);
    if (server !== null) this.#arrivedInOrder(server, event.path);
  }

  #unlocked(server: ServerA, event: SyncEvent & { event: 'unlocked' }): void {
    this.#applied.delete(event.path);
    this.#notices.said(event);
    if (event.reason === 'expired') this.#clients.expired(event.path, event.owner);
    this.#keepsHeld(server, event.path as RelPath);
  }

  /** What is held of an unlocked path is kept, unless it seems to be in place: a user may have taken it away since. */
  #keepsHeld({ lockState, pair }: ServerA, path: RelPath): void {
    this.#unseen.delete(path);
    const drain = lockState.table.drains.get(path);
    if (drain === undefined) return;
    // Nothing takes effect before the first scan of the side of the lock, which tells what seems to be in place there.
    if (pair.side(drain.side).snapshot === null) {
      this.#unseen.add(path);
      return;
    }
    for (const { file, after } of lockState.table.heldOf(path)) {
      const isSeen = (['a', 'b'] as const).some((side) => sameEntry(pair.entry(side, path), after));
      if (file !== null && after?.type === 'file' && !isSeen) this.#ledger.keeps(contentOf(after));
    }
  }

  #noteLock({ token, expires }: Lock): void {
    const { time } = this.#world;
    const known = this.#taken.get(token) ?? { at: time, since: time, expires };
    // Its owner may ask for it again, and so for another end.
    this.#taken.set(token, known.expires === expires ? known : { ...known, since: time, expires });
  }

  /** Rows of the lock table have changed. */
  noteRows({ lockState, pair }: ServerA, rows: readonly StoredRow[]): void {
    for (const row of rows) {
      if (row.table === 'lock' && row.value !== null) this.#noteLock(row.value);
      if (row.table !== 'preference') continue;
      const path = row.key as RelPath;
      // Whoever unlocked has said that the holder's version stays.
      this.#ledger.allowAll(path);
      if (row.value?.other !== 'discard' || !this.#clients.mayDiscard(path)) continue;
      const discarded = lockState.table.heldOf(path).map(({ after }) => after);
      for (const entry of [...discarded, pair.entry(otherSide(row.value.side), path)]) {
        if (entry?.type === 'file') this.#users.putAside(contentOf(entry));
      }
    }
  }

  /** What is held of a path was written in the order in which it is held. */
  #arrivedInOrder(server: ServerA, path: string): void {
    let last = 0;
    for (const { after } of server.lockState.table.heldOf(path as RelPath)) {
      if (after?.type !== 'file') continue;
      const content = contentOf(after);
      const number = Number(/(\d{4}):/.exec(content)?.[1] ?? last);
      // What is on both sides, or was, is no update of either.
      const isOnBoth = [this.#places.a, this.#places.b].every(({ disk }) => disk.at(path)?.content === content);
      if (isOnBoth || this.#users.wandering.has(content) || this.#ledger.placed.has(content)) continue;
      if (number < last) this.#world.broken(`${path} is held out of order`);
      last = number;
    }
  }

  /** No lock outlasts its time by more than the lock service waits for what is under way. */
  noneOverdue({ lockState }: ServerA): void {
    for (const { path, ttlMs, token } of lockState.table.locks.values()) {
      const { since } = this.#taken.get(token) ?? { since: 0 };
      if (ttlMs !== undefined && this.#world.time > since + ttlMs + OVERDUE_MS)
        this.#world.broken(`the lock of ${path} should have ended long ago`);
    }
  }

  /** With `--guard` the other side's copy of a locked file has no write bits, unless its people gave it some; no other file. */
  guards(server: ServerA): void {
    for (const { name, disk } of [this.#places.a, this.#places.b]) {
      for (const [path, inode] of disk.walk()) {
        const lock = server.lockState.table.locks.get(path as RelPath);
        const isGuarding = server.guards === true && lock !== undefined && lock.side !== name && inode.type === 'file';
        // Of a lock that came with a former disk it is not known when it was taken.
        const since = lock === undefined ? 0 : (this.#taken.get(lock.token)?.at ?? 0);
        if (isGuarding && (inode.mode & 0o222) !== 0 && !this.#touchedSince(path, since))
          this.#world.broken(`at rest ${path} is not guarded on side ${name}`);
        if (!isGuarding && isGuarded(inode) && inode.mode !== inode.guarded)
          this.#world.broken(`at rest the write bits of ${path} were not given back on side ${name}`);
      }
    }
  }

  #show(path: string): string {
    const one = (disk: SimDisk) => show(disk.at(path));
    return `a has ${one(this.#places.a.disk)}, b has ${one(this.#places.b.disk)}`;
  }
}

/** What is held may hold back the directory above it, and all that is in that. */
const isNear = (held: string, path: string): boolean => held.split('/')[0] === path.split('/')[0];

const touches = (x: string, y: string): boolean => isAtOrBelow(x, y) || isAtOrBelow(y, x);

function isSame(x: Inode | undefined, y: Inode | undefined): boolean {
  if (x === undefined || y === undefined) return x === y;
  return sameEntry(seenOf(x), seenOf(y));
}

function show(inode: Inode | null): string {
  if (inode === null) return 'nothing';
  return `${inode.type} ${inode.content} mode ${inode.mode.toString(8)} at ${inode.mtime}`;
}
