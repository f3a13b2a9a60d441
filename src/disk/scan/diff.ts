// What changed in the snapshot since it was last told. Kept apart from the looks, so that a look that fails midway loses
// nothing: what it changed is told by the next.
import { type Entry, sameEntry } from '../../core/entry.js';
import { isAtOrBelow, joinPath, type RelPath } from '../../core/path.js';
import { type DirNode, entryOf, type Node, type Snapshot, walkNode } from '../../core/snapshot.js';

interface Difference {
  readonly path: RelPath;
  readonly entry: Entry | null;
}

export class Differences {
  /** What stood at each touched path when last told; a directory with its children where it was removed as a whole. */
  readonly #before = new Map<RelPath, { node: Node | null; whole: boolean }>();

  /** To be called before `path` becomes `entry` in the snapshot, where `node` still stands. */
  touch(path: RelPath, node: Node | null, entry: Entry | null): void {
    const whole = node?.type === 'dir' && entry?.type !== 'dir';
    const earlier = this.#before.get(path);
    if (earlier === undefined) this.#before.set(path, { node, whole });
    // A directory whose bits changed and that then went away: what lay in it until now counts as told.
    else if (whole && !earlier.whole && earlier.node?.type === 'dir') this.#before.set(path, { node, whole });
  }

  /** Forgets what was touched at and below `path`: it is not to be told. */
  forget(path: RelPath): void {
    for (const touched of [...this.#before.keys()]) if (isAtOrBelow(touched, path)) this.#before.delete(touched);
  }

  clear(): void {
    this.#before.clear();
  }

  /** @returns the differences, parents before children, and forgets them. */
  take(snapshot: Snapshot): Difference[] {
    // A path sorts behind every prefix of it, whatever the order of characters.
    const paths = [...this.#before.keys()].sort();
    const told: Difference[] = [];
    const covered = new Set<string>();
    for (const path of paths) {
      if (covered.size > 0 && hasAncestorIn(path, covered)) continue;
      const { node, whole } = this.#before.get(path)!;
      const now = snapshot.get(path);
      if (whole && node?.type === 'dir') {
        covered.add(path);
        this.#compare(path, node, now, told);
      } else if (!isSame(node, now)) {
        told.push({ path, entry: entryOf(now) });
      }
    }
    this.#before.clear();
    return told;
  }

  /** A directory was removed as a whole, and perhaps something stands there again. */
  #compare(path: RelPath, before: DirNode, now: Node | null, told: Difference[]): void {
    if (now === null || now.type !== 'dir') {
      told.push({ path, entry: now });
      return;
    }
    told.push({ path, entry: entryOf(now) });
    for (const name of before.children.keys()) {
      if (!now.children.has(name)) told.push({ path: joinPath(path, name), entry: null });
    }
    for (const [name, child] of now.children)
      this.#compareChild(joinPath(path, name), before.children.get(name), child, told);
  }

  #compareChild(path: RelPath, before: Node | undefined, now: Node, told: Difference[]): void {
    if (before?.type === 'dir' && now.type === 'dir') this.#compare(path, before, now, told);
    else if (before === undefined || before.type === 'dir' || now.type === 'dir') tellAll(path, now, told);
    else if (!isSame(before, now) || this.#before.has(path)) told.push({ path, entry: now });
  }
}

function tellAll(path: RelPath, node: Node, told: Difference[]): void {
  for (const [below, each] of walkNode(path, node)) told.push({ path: below, entry: entryOf(each) });
}

function hasAncestorIn(path: RelPath, all: ReadonlySet<string>): boolean {
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
    if (all.has(path.slice(0, slash))) return true;
  }
  return false;
}

const isSame = (x: Node | null, y: Node | null): boolean => sameEntry(entryOf(x), entryOf(y));
