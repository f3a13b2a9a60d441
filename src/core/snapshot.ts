// A snapshot: what one side holds, as a tree. The archive is a snapshot too: the last state that both sides shared.
// Invariant: every entry's ancestors are directories of the same tree; counts are those of the tree, at any moment.
import { type DirEntry, type Entry, type FileEntry, type LinkEntry, sameEntry, sizeOf } from './entry.js';
import { joinPath, type RelPath, type Side } from './path.js';

/** A directory with what lies in it, by name. */
export interface DirNode extends DirEntry {
  readonly children: Map<string, Node>;
}

export type Node = FileEntry | LinkEntry | DirNode;

/**
 * A name that was split off a path keeps the whole path in memory, and a large tree is known four times over. V8 has one
 * copy of what is the name of a property, and lets go of it when nobody uses it any more.
 * @returns `name`, equal to what it was and free of where it came from.
 */
function detached(name: string): string {
  const named: Record<string, true> = Object.create(null);
  named[name] = true;
  return Object.keys(named)[0] as string;
}

/** @returns the node in `dir` called `name`, null where there is none or `dir` is no directory. */
export function childOf(dir: Node | null, name: string): Node | null {
  return dir?.type === 'dir' ? (dir.children.get(name) ?? null) : null;
}

/** About what one entry takes in memory, its name apart. */
const ENTRY_BYTES = 256;

/** A mutable tree of entries, with the number of files and of bytes always at hand. */
export class Snapshot {
  readonly root: DirNode = { type: 'dir', mode: 0o755, children: new Map() };
  /** Files and links, as the listing counts them. */
  files = 0;
  bytes = 0;
  /** About how many bytes of memory the tree takes. */
  weight = 0;

  /** @returns the node at `path`, or null. */
  get(path: RelPath | ''): Node | null {
    if (path === '') return this.root;
    let node: Node | null = this.root;
    for (const name of path.split('/')) {
      node = childOf(node, name);
      if (node === null) return null;
    }
    return node;
  }

  /**
   * Records `entry` at `path`; null removes it with all that is below. A directory that was one already keeps its
   * children. Ancestors that are missing, or that are no directories, become directories: an entry proves them.
   */
  put(path: RelPath, entry: Entry | null): void {
    const names = path.split('/');
    const name = names.pop() as string;
    let dir = this.root;
    for (const ancestor of names) {
      const next = dir.children.get(ancestor);
      if (next?.type === 'dir') {
        dir = next;
        continue;
      }
      if (entry === null) return;
      if (next !== undefined) this.#count(ancestor, next, -1);
      const made: DirNode = { type: 'dir', mode: 0o755, children: new Map() };
      dir.children.set(next === undefined ? detached(ancestor) : ancestor, made);
      this.#count(ancestor, made, 1);
      dir = made;
    }
    this.#place(dir, name, entry);
  }

  /** Moves `from` with all that is below it to `to`, over what is there. @returns what stands there now, by new paths. */
  move(from: RelPath, to: RelPath): [RelPath, Entry][] {
    const moved: [RelPath, Entry][] = [];
    for (const [path, node] of this.walk(from))
      moved.push([`${to}${path.slice(from.length)}` as RelPath, entryOf(node)!]);
    this.put(from, null);
    this.put(to, null);
    for (const [path, entry] of moved) this.put(path, entry);
    return moved;
  }

  #place(dir: DirNode, name: string, entry: Entry | null): void {
    const old = dir.children.get(name);
    if (entry === null) {
      if (old === undefined) return;
      this.#count(name, old, -1);
      dir.children.delete(name);
      return;
    }
    const key = old === undefined ? detached(name) : name;
    if (entry.type === 'dir') {
      const known = old?.type === 'dir' ? old.children : null;
      const made: DirNode = { type: 'dir', mode: entry.mode, children: known ?? new Map() };
      dir.children.set(key, made);
      if (known !== null) return;
      if (old !== undefined) this.#count(name, old, -1);
      this.#count(name, made, 1);
      return;
    }
    if (old !== undefined) this.#count(name, old, -1);
    dir.children.set(key, entry);
    this.#count(name, entry, 1);
  }

  #count(name: string, node: Node, sign: 1 | -1): void {
    this.weight += sign * (ENTRY_BYTES + name.length + (node.type === 'symlink' ? node.target.length : 0));
    if (node.type === 'dir') {
      for (const [below, child] of node.children) this.#count(below, child, sign);
      return;
    }
    this.files += sign;
    this.bytes += sign * sizeOf(node);
  }

  /** Every entry at or below `from`, parents before children, in no particular order of names. The root itself is left out. */
  *walk(from: RelPath | '' = ''): Generator<[RelPath, Node]> {
    const start = this.get(from);
    if (start !== null) yield* walkNode(from, start);
  }
}

/** Every entry at or below `node`, parents before children. */
export function* walkNode(path: RelPath | '', node: Node): Generator<[RelPath, Node]> {
  if (path !== '') yield [path, node];
  if (node.type !== 'dir') return;
  for (const [name, child] of node.children) yield* walkNode(joinPath(path, name), child);
}

/** @returns `node` without its children: what may be sent, stored or compared. */
export function entryOf(node: Node | null): Entry | null {
  return node?.type === 'dir' ? { type: 'dir', mode: node.mode } : node;
}

/**
 * A large tree is known three times over, and mostly as the same: then one object does for all.
 * @param side whose entry it is: the archive takes over what side a has, for that is in memory in any case.
 * @returns what is to be recorded of `entry`.
 */
export function shareEqual(archive: Snapshot, path: RelPath, entry: Entry | null, side: Side): Entry | null {
  if (entry?.type !== 'file') return entry;
  const shared = archive.get(path);
  if (shared?.type !== 'file' || !sameEntry(shared, entry)) return entry;
  if (side === 'b') return shared;
  archive.put(path, entry);
  return entry;
}
