// A snapshot holds the entries of one side as a tree. The archive is a snapshot too: the last state that both sides
// shared. Invariants: all ancestors of an entry are directories of the same tree, and the counts are always those of
// the tree.
import { type DirEntry, type Entry, type FileEntry, type LinkEntry, sameEntry, sizeOf } from './entry.js';
import { joinPath, type RelPath, type Side } from './path.js';

/** A directory and its children, by name. */
export interface DirNode extends DirEntry {
  readonly children: Map<string, Node>;
}

export type Node = FileEntry | LinkEntry | DirNode;

/**
 * Copies a name so that it does not keep the path from which it was split in memory. A large tree is stored four times;
 * V8 stores the name of a property once and frees it with its last use.
 * @returns a string equal to `name`.
 */
function detached(name: string): string {
  const named: Record<string, true> = Object.create(null);
  named[name] = true;
  return Object.keys(named)[0] as string;
}

/** @returns the child `name` of `dir`; null where there is none or `dir` is not a directory. */
export function childOf(dir: Node | null, name: string): Node | null {
  return dir?.type === 'dir' ? (dir.children.get(name) ?? null) : null;
}

/** The approximate memory of one entry without its name, in bytes. */
const ENTRY_BYTES = 256;

/** A mutable tree of entries that always knows its number of files and bytes. */
export class Snapshot {
  readonly root: DirNode = { type: 'dir', mode: 0o755, children: new Map() };
  /** The number of files and links, as the listing counts them. */
  files = 0;
  bytes = 0;
  /** The approximate memory of the tree, in bytes. */
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
   * Sets the entry at `path`; null removes it with everything below. A directory keeps its children. Missing ancestors
   * are created, and ancestors that are not directories become directories: an entry implies them.
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

  /**
   * Moves `from` with everything below it to `to` and replaces what is there.
   * @returns the moved entries by their new paths.
   */
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

  /**
   * All entries at or below `from`, parents before children, names in no particular order. The root itself is left out.
   */
  *walk(from: RelPath | '' = ''): Generator<[RelPath, Node]> {
    const start = this.get(from);
    if (start !== null) yield* walkNode(from, start);
  }
}

/** All entries at or below `node`, parents before children. */
export function* walkNode(path: RelPath | '', node: Node): Generator<[RelPath, Node]> {
  if (path !== '') yield [path, node];
  if (node.type !== 'dir') return;
  for (const [name, child] of node.children) yield* walkNode(joinPath(path, name), child);
}

/** @returns `node` without its children, for sending, storing or comparing. */
export function entryOf(node: Node | null): Entry | null {
  return node?.type === 'dir' ? { type: 'dir', mode: node.mode } : node;
}

/**
 * Saves memory: where side a, side b and the archive have equal files at `path`, they share one object.
 * @param side the side of `entry`. The archive adopts the objects of side a, which are in memory in any case.
 * @returns the object to store for `entry`.
 */
export function shareEqual(archive: Snapshot, path: RelPath, entry: Entry | null, side: Side): Entry | null {
  if (entry?.type !== 'file') return entry;
  const shared = entryOf(archive.get(path));
  if (!sameEntry(shared, entry)) return entry;
  if (side === 'b') return shared;
  archive.put(path, entry);
  return entry;
}
