// A replica on a simulated disk, with the contract of src/disk: contents go out in pieces while users write on, changes
// are compared before they are made, what is overwritten is kept first, and an outcome is told once it is durable.
import { type Change, contentOf, type Outcome, type Reason } from '../../src/core/change.js';
import { type Entry, type FileEntry, sameEntry } from '../../src/core/entry.js';
import { comparePaths, isAtOrBelow, nameOf, parentOf, type RelPath } from '../../src/core/path.js';
import { entryOf, Snapshot } from '../../src/core/snapshot.js';
import { tableOf } from '../../src/disk/local-replica.js';
import { PARTNER_TABLE, PartnerMemory } from '../../src/disk/state/partner-memory.js';
import type { StoreAccess } from '../../src/disk/state/store.js';
import type {
  Applied,
  Content,
  JoinedContents,
  OpenDocuments,
  Replica,
  ScanResult,
  ScanScope,
  Wanted,
} from '../../src/replica.js';
import { separated } from '../../src/sync/peer/contents-client.js';
import { hashOf, type Inode, type SimDisk, seenOf, sizeOf } from './disk.js';
import { Presence } from './editors/presence.js';
import type { Programs } from './editors/programs.js';
import { SimGuard } from './guard.js';
import { SimScanner } from './scanner.js';
import { storesOn } from './store.js';
import { SimVersions } from './versions.js';
import type { Process } from './world.js';

const PIECE = 4;

/** The place of a replica: its disk, who uses it, and what is odd about it. */
export interface Place {
  readonly name: 'a' | 'b';
  /** Another one may take its place while no server runs. */
  disk: SimDisk;
  readonly unreadable: Set<string>;
  /** Paths that a user touched and no scan has been at since. */
  readonly dirty: Set<string>;
  /** Of those, the ones that a scan of server-b has been at since, and server-a has not been told of. */
  readonly untold: Set<string>;
  /** Whether what is kept of earlier contents is recorded. */
  readonly hasRecords?: boolean;
  /** Whether it joins small contents. */
  readonly joins?: boolean;
  /** The programs in which documents are open; absent where there are none. */
  programs?: Programs;
  /** The moment between the last scan of a path and the write: somebody may use it. */
  readonly moment: (path: RelPath) => void;
  /** Something was written into the tree by the engine, by an apply that began at `begun`. */
  readonly changed: (change: Change, begun: number) => void;
}

type Step = 'done' | 'stale' | 'kept';

export class SimReplica implements Replica {
  readonly #place: Place;
  readonly #process: Process;

  readonly scanner: SimScanner;
  /** What the root remembers of its partner. */
  readonly memory = new PartnerMemory();
  readonly #seen: StoreAccess;
  readonly #guarding: SimGuard;
  readonly versions: SimVersions | null;
  readonly #presence: Presence | null;
  /** Whether whoever ran before may have given names that are not durable. */
  #areNamesLoose = true;

  constructor(place: Place, process: Process) {
    this.#place = place;
    this.#process = process;

    const known = new Snapshot();
    const tables = { seen: tableOf(known), [PARTNER_TABLE]: this.memory };
    this.#seen = storesOn(place.disk, process)('seen.log', tables).store;
    this.memory.openIn(this.#seen);
    this.versions = place.hasRecords === true ? new SimVersions(place.disk, process) : null;
    this.scanner = new SimScanner(known, place.disk, process, place.unreadable, (path) => {
      if (place.dirty.delete(path) && place.name === 'b') place.untold.add(path);
    });
    this.#presence = place.programs === undefined ? null : new Presence(place, place.programs, process);
    this.scanner.onSeen = (path, entry) => this.#seen.put('seen', path, entry);
    this.#guarding = new SimGuard(place.disk, this.scanner, process);
    this.#guarding.clear();
  }

  async scan(scope: ScanScope, paths: readonly RelPath[] = []): Promise<ScanResult> {
    this.scanner.markDirty(paths);
    const scan = await this.scanner.scan(scope);
    if (this.#areNamesLoose && scan.halt === null) {
      await this.#process.step();
      if (this.#process.alive) this.#place.disk.flush();
      this.#areNamesLoose = false;
    }
    this.#guarding.giveBack();
    if (scan.halt === null && this.#process.alive) this.#presence?.scanned(scope === 'everything');
    this.#process.world.say(() => `  ${this.#place.name}: scan ${scope} [${paths}] says ${wordsFor(scan)}`);
    if (scan.halt !== null || scan.whole || paths.length === 0) return scan;
    const told = new Set(scan.entries.map(({ path }) => path));
    const isUnsaid = (at: RelPath) => scan.unknown.some((above) => isAtOrBelow(at, above));
    const asked = paths.filter((at) => !told.has(at) && !isUnsaid(at)).sort(comparePaths);
    const { snapshot } = this.scanner;
    return {
      ...scan,
      entries: [...scan.entries, ...asked.map((path) => ({ path, entry: entryOf(snapshot.get(path)) }))],
    };
  }

  async acceptDeletes(): Promise<void> {
    this.scanner.acceptDeletes();
  }

  onHint(listener: () => void): void {
    this.scanner.onHint = listener;
  }

  onOpened(listener: (open: OpenDocuments) => void): void {
    if (this.#presence === null) return;
    this.#presence.onOpened = listener;
    const { open } = this.#presence;
    if (open !== null) listener(open);
  }

  async close(): Promise<void> {}

  /** Differences of contents are the disk room's business, and tested there. */
  async offer(): Promise<null> {
    return null;
  }

  async guard(paths: readonly RelPath[], on: boolean): Promise<void> {
    // At once, as src/disk/local-replica does it: what an earlier connection asked for never comes after the next one.
    if (paths.length === 0) this.#guarding.clear();
    else this.#guarding.set(paths, on);
    await this.#process.step();
  }

  #guarded(changes: readonly Change[], applied: readonly Applied[]): readonly Applied[] {
    for (const { n, outcome } of applied) if (outcome.kind === 'done') this.#guarding.applied(changes[n]!);
    return applied;
  }

  /** Keeps what was at `path`, to be found by people. */
  readonly keep = (path: RelPath, inode: Inode, reason: Reason): void => {
    if (this.versions === null) this.#place.disk.keepVersion(path, inode);
    else this.versions.keep(path, inode, reason);
  };

  // Reading.

  async *read(wanted: readonly Wanted[]): AsyncGenerator<Content> {
    const { world } = this.#process;
    for (const [n, { path, file }] of wanted.entries()) {
      await this.#process.step();
      const inode = this.#place.disk.at(path);
      if (world.random.chance(world.weather.failedRead)) yield failed(n, problem('unreadable', 'EIO'));
      else if (inode?.type !== 'file' || sizeOf(inode.content) !== file.size) yield failed(n, { kind: 'stale' });
      else if (this.#place.unreadable.has(path)) yield failed(n, problem('unreadable', 'EACCES'));
      else yield* this.#inPieces(n, inode, inode.content.length);
    }
  }

  /** Joins what comes whole, four at most; all of it was read before the first of it is given. */
  readJoined(wanted: readonly Wanted[]): AsyncGenerator<Content | JoinedContents> {
    const contents = this.read(wanted);
    return this.#place.joins === true ? joinedIn(contents) : contents;
  }

  /** The pieces of what `content` is now. */
  async *pieces(n: number, content: string): AsyncGenerator<Content> {
    for (let at = 0; at < content.length; at += PIECE) {
      yield { n, data: Buffer.from(content.slice(at, at + PIECE)), last: at + PIECE >= content.length };
    }
    if (content.length === 0) yield { n, data: Buffer.alloc(0), last: true };
  }

  /** A writer may come between two pieces: then they are of no one content. */
  async *#inPieces(n: number, inode: Inode, length: number): AsyncGenerator<Content> {
    const whole = this.#process.world.random.chance(0.6);
    const size = whole ? Math.max(length, 1) : PIECE;
    for (let at = 0; at < length || at === 0; at += size) {
      if (at > 0) await this.#process.step();
      const data = Buffer.from(inode.content.slice(at, Math.min(at + size, length)));
      if (data.length === 0 && length > 0) {
        yield failed(n, { kind: 'stale' });
        return;
      }
      yield { n, data, last: at + size >= length };
    }
  }

  // Writing.

  async *apply(changes: readonly Change[], contents: AsyncIterable<Content | JoinedContents>): AsyncGenerator<Applied> {
    const pieces = (this.#place.joins === true ? separated(contents) : contents) as AsyncIterable<Content>;
    const work = new Application(this.#place, this.scanner, this.#process, pieces[Symbol.asyncIterator](), this.keep);
    try {
      for (const [n, change] of changes.entries()) {
        if (contentOf(change) === null) await work.step(n, change);
        else await work.content(n, change);
        yield* this.#guarded(changes, work.finished());
        if (work.broken !== null) break;
      }
      await work.publish();
      await work.settle();
      yield* this.#guarded(changes, work.finished());
      if (work.broken !== null) throw work.broken.error;
    } finally {
      await work.end();
    }
  }
}

const JOINED = 4;

async function* joinedIn(contents: AsyncIterable<Content>): AsyncGenerator<Content | JoinedContents> {
  let some: (Content & { data: Buffer })[] = [];
  const joined = (): JoinedContents => {
    const parts = some.map(({ data }) => data);
    const [{ n }] = some as [Content];
    some = [];
    return { n, sizes: parts.map(({ length }) => length), joined: Buffer.concat(parts) };
  };
  let unfinished = -1;
  for await (const content of contents) {
    if ('data' in content && content.last && content.n !== unfinished) {
      if (some.push(content) === JOINED) yield joined();
      continue;
    }
    if (some.length > 0) yield joined();
    unfinished = content.n;
    yield content;
  }
  if (some.length > 0) yield joined();
}

const failed = (n: number, why: Exclude<Outcome, { kind: 'done' | 'kept' }>): Content => ({ n, failed: why });

const problem = (code: 'unreadable' | 'no-space' | 'no-permission', why: string) =>
  ({ kind: 'problem', code, message: `It could not be done: ${why}.` }) as const;

/** One apply under way, as src/disk/apply.ts has it. */
class Application {
  readonly #place: Place;
  readonly #scanner: SimScanner;
  readonly #process: Process;
  readonly #contents: AsyncIterator<Content>;
  readonly #keep: SimReplica['keep'];

  #group: { readonly n: number; readonly change: Change; readonly content: string }[] = [];
  #contentCount = 0;
  #taken: { readonly n: number; readonly sent: number }[] = [];
  #done: Applied[] = [];
  broken: { readonly error: unknown } | null = null;
  readonly #begun: number;

  constructor(
    place: Place,
    scanner: SimScanner,
    process: Process,
    contents: AsyncIterator<Content>,
    keep: SimReplica['keep'],
  ) {
    this.#place = place;
    this.#scanner = scanner;
    this.#process = process;
    this.#contents = contents;
    this.#keep = keep;
    this.#begun = process.world.time;
  }

  finished(): Applied[] {
    return this.#done.splice(0);
  }

  async step(n: number, change: Change): Promise<void> {
    await this.publish();
    await this.#process.step();
    this.#take(n, change, 0, () => this.#carryOut(change));
    if (this.#process.world.random.chance(0.3)) await this.settle();
  }

  async content(n: number, change: Change): Promise<void> {
    const index = this.#contentCount++;
    const parts: Buffer[] = [];
    for (let last = false; !last; ) {
      const piece = await this.#piece();
      if (this.broken !== null) return;
      if (piece === null || piece.n !== index || 'failed' in piece) {
        const why = piece !== null && 'failed' in piece ? piece.failed : ({ kind: 'stale' } as const);
        this.#done.push({ n, outcome: why });
        return;
      }
      if (!('data' in piece)) throw new Error('nothing was offered');
      parts.push(piece.data);
      last = piece.last;
    }
    const content = Buffer.concat(parts).toString();
    if (hashOf(content) !== contentOf(change)!.hash) this.#done.push({ n, outcome: { kind: 'stale' } });
    else {
      this.#group.push({ n, change, content });
      this.#place.disk.ledger.arrived.add(content);
    }
    if (this.#process.world.random.chance(0.3)) await this.publish();
  }

  async #piece(): Promise<Content | null> {
    try {
      const { value, done } = await this.#contents.next();
      return done ? null : value;
    } catch (error) {
      this.broken = { error };
      return null;
    }
  }

  async publish(): Promise<void> {
    const group = this.#group.splice(0);
    if (group.length === 0) return;
    await this.#process.step();
    for (const { n, change, content } of group) {
      this.#take(n, change, sizeOf(content), () => this.#publishFile(change, content));
      this.#place.disk.ledger.arrived.delete(content);
    }
    await this.settle();
  }

  #take(n: number, change: Change, sent: number, act: () => Step): void {
    const { world } = this.#process;
    if (!this.#process.alive) return;
    if (world.random.chance(world.weather.failedWrite)) {
      this.#done.push({ n, outcome: problem(world.random.chance(0.5) ? 'no-space' : 'no-permission', 'ENOSPC') });
      return;
    }
    const step = act();
    world.say(() => `  ${this.#place.name}: ${step} ${show(change)}`);
    if (step === 'done') this.#place.changed(change, this.#begun);
    if (step === 'done') this.#taken.push({ n, sent });
    else this.#done.push({ n, outcome: { kind: step } });
  }

  /** Flushes the directories; only then is anything called done. */
  async settle(): Promise<void> {
    if (this.#taken.length === 0) return;
    const taken = this.#taken.splice(0);
    await this.#process.step();
    if (!this.#process.alive) return;
    this.#place.disk.flush();
    for (const { n, sent } of taken) this.#done.push({ n, outcome: { kind: 'done', sent } });
  }

  async end(): Promise<void> {
    await this.#contents.return?.();
  }

  // One step on the tree, as src/disk/publish.ts has it.

  #carryOut(change: Change): Step {
    const { path, before, after, action, from } = change;
    const { disk } = this.#place;
    if (action === 'renamed' && from !== undefined) {
      if (!this.#scanner.stillIs(from.path, from.entry) || this.#isBlocked(path)) return 'stale';
      const moved = disk.at(from.path)!;
      disk.rename(this.#parent(from.path)!, nameOf(from.path), this.#parent(path)!, nameOf(path));
      const { mode, mtime } = after as FileEntry;
      disk.setMeta(moved, { mode, mtime });
      this.#scanner.wrote(from.path, null);
      return this.#recorded(path, after);
    }
    if (!this.#scanner.stillIs(path, before) || this.#parent(path) === null) return 'stale';
    if (action === 'metadata') {
      if (after === null || after.type === 'symlink') return 'stale';
      disk.setMeta(
        disk.at(path)!,
        after.type === 'file' ? { mode: after.mode, mtime: after.mtime } : { mode: after.mode },
      );
      return this.#recorded(path, after);
    }
    if (after === null) return this.#remove(path, before);
    if (after.type === 'dir') {
      const made = { ...after, mode: after.mode | 0o700 };
      return this.#replace(change, made, disk.inode('dir', '', made.mode, 0));
    }
    if (after.type === 'symlink') {
      return this.#replace(change, after, disk.inode('symlink', after.target, 0o777, after.mtime));
    }
    throw new Error(`a ${action} at ${path} needs content`);
  }

  #publishFile(change: Change, content: string): Step {
    const after = contentOf(change)!;
    if (!this.#scanner.stillIs(change.path, change.before) || this.#parent(change.path) === null) return 'stale';
    const step = this.#replace(change, after, this.#place.disk.inode('file', content, after.mode, after.mtime));
    if (step === 'done') this.#place.disk.ledger.placed.add(content);
    return step;
  }

  #replace({ path, before, conflictCopy }: Change, after: Entry, inode: Inode): Step {
    const { disk, moment } = this.#place;
    const dir = this.#parent(path)!;
    if (before?.type === 'dir') {
      if (disk.at(path)!.children.size > 0) return 'stale';
      disk.unlink(dir, nameOf(path));
    } else if (before !== null) {
      const old = disk.at(path)!;
      const copyDir = conflictCopy === undefined ? null : this.#parent(conflictCopy);
      if (conflictCopy === undefined) this.#keep(path, old, 'overwritten');
      else if (copyDir === null || disk.at(conflictCopy) !== null) return 'stale';
      else {
        const { type, content, mode, mtime } = old;
        disk.link(copyDir, nameOf(conflictCopy), old.links === 1 ? old : disk.inode(type, content, mode, mtime));
        disk.ledger.allow(conflictCopy, old.content);
      }
      moment(path);
      if (disk.at(path)?.ino !== old.ino || this.#parent(path) !== dir) {
        // A conflict copy of what still has its name is none, but here it has lost it: it stays.
        return 'stale';
      }
      disk.atomically(() => {
        disk.unlink(dir, nameOf(path));
        disk.link(dir, nameOf(path), inode);
      });
      if (conflictCopy !== undefined && after.type === 'dir') disk.ledger.keptWhole(path);
      if (conflictCopy !== undefined && sameEntry(before, seenOf(old))) this.#scanner.wrote(conflictCopy, before);
      else if (conflictCopy !== undefined) this.#scanner.markDirty([conflictCopy]);
      return this.#recorded(path, after);
    }
    disk.link(dir, nameOf(path), inode);
    return this.#recorded(path, after);
  }

  #remove(path: RelPath, before: Entry | null): Step {
    const { disk } = this.#place;
    const dir = this.#parent(path)!;
    const inode = disk.at(path);
    if (before?.type === 'dir') {
      if (inode!.children.size > 0) return 'stale';
    }
    disk.atomically(() => {
      if (before !== null && before.type !== 'dir' && inode !== null) this.#keep(path, inode, 'deleted');
      if (inode !== null) disk.unlink(dir, nameOf(path));
    });
    this.#scanner.wrote(path, null);
    return 'done';
  }

  #recorded(path: RelPath, after: Entry | null): Step {
    this.#scanner.wrote(path, after);
    return 'done';
  }

  #isBlocked(path: RelPath): boolean {
    return this.#place.disk.at(path) !== null || this.#parent(path) === null;
  }

  #parent(path: RelPath): Inode | null {
    const dir = this.#place.disk.at(parentOf(path));
    return dir?.type === 'dir' ? dir : null;
  }
}

function wordsFor({ entries, unsettled, unknown }: ScanResult): string {
  const found = entries.map(({ path, entry }) => `${path}${entry === null ? ' gone' : ''}`);
  return `[${found}]${unsettled > 0 ? ` unsettled ${unsettled}` : ''}${unknown.length > 0 ? ` unknown ${unknown}` : ''}`;
}

function show({ path, action, conflictCopy, from, after }: Change): string {
  const content =
    after?.type === 'file' ? ` ${after.size} ${Buffer.from(after.hash, 'hex').toString().replaceAll('\0', '')}` : '';
  return `${action} ${path}${content}${from === undefined ? '' : ` from ${from.path}`}${conflictCopy === undefined ? '' : ` keeping ${conflictCopy}`}`;
}
