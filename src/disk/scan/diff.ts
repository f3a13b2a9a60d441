// What changed in the snapshot since the last report. It outlives a single scan: when a scan fails midway, the next
// report still names what the failed one changed.
import { type Entry, sameEntry } from '../../core/entry.js';
import { isAtOrBelow, joinPath, type RelPath } from '../../core/path.js';
import { type DirNode, entryOf, type Node, type Snapshot, walkNode } from '../../core/snapshot.js';

interface Difference {
  readonly path: RelPath;
  readonly entry: Entry | null;
}

/** Collects changes of a snapshot between two reports. */
export class Differences {
  /** The node of each touched path at the last report. `whole`: a removed directory, kept with its children. */
  readonly #before = new Map<RelPath, { node: Node | null; whole: boolean }>();

  /** Records that `path` is about to change from `node` to `entry`. To be called before the snapshot changes. */
  touch(path: RelPath, node: Node | null, entry: Entry | null): void {
    const whole = node?.type === 'dir' && entry?.type !== 'dir';
    const earlier = this.#before.get(path);
    if (earlier === undefined) this.#before.set(path, { node, whole });
    // A directory changed its mode first and was removed later: its children up to now were reported.
    else if (whole && !earlier.whole && earlier.node?.type === 'dir') this.#before.set(path, { node, whole });
  }

  /** Forgets the changes at and below `path`: they will not be reported. */
  forget(path: RelPath): void {
    for (const touched of [...this.#before.keys()]) if (isAtOrBelow(touched, path)) this.#before.delete(touched);
  }

  clear(): void {
    this.#before.clear();
  }

  /** @returns the differences between the last report and `snapshot`, parents before children; forgets them. */
  take(snapshot: Snapshot): Difference[] {
    // In any character order a path sorts after each of its prefixes, so parents come first.
    const paths = [...this.#before.keys()].sort();
    const found: Difference[] = [];
    const covered = new Set<string>();
    for (const path of paths) {
      if (covered.size > 0 && hasAncestorIn(path, covered)) continue;
      const { node, whole } = this.#before.get(path)!;
      const now = snapshot.get(path);
      if (whole && node?.type === 'dir') {
        covered.add(path);
        this.#compare(path, node, now, found);
      } else if (!isSame(node, now)) {
        found.push({ path, entry: entryOf(now) });
      }
    }
    this.#before.clear();
    return found;
  }

  /** Compares a directory that was removed as a whole with what is at its path now. */
  #compare(path: RelPath, before: DirNode, now: Node | null, found: Difference[]): void {
    if (now === null || now.type !== 'dir') {
      found.push({ path, entry: now });
      return;
    }
    found.push({ path, entry: entryOf(now) });
    for (const name of before.children.keys()) {
      if (!now.children.has(name)) found.push({ path: joinPath(path, name), entry: null });
    }
    for (const [name, child] of now.children)
      this.#compareChild(joinPath(path, name), before.children.get(name), child, found);
  }

  #compareChild(path: RelPath, before: Node | undefined, now: Node, found: Difference[]): void {
    if (before?.type === 'dir' && now.type === 'dir') this.#compare(path, before, now, found);
    else if (before === undefined || now.type === 'dir') addAll(path, now, found);
    else if (!isSame(before, now) || this.#before.has(path)) found.push({ path, entry: now });
  }
}

function addAll(path: RelPath, node: Node, found: Difference[]): void {
  for (const [below, each] of walkNode(path, node)) found.push({ path: below, entry: entryOf(each) });
}

function hasAncestorIn(path: RelPath, all: ReadonlySet<string>): boolean {
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
    if (all.has(path.slice(0, slash))) return true;
  }
  return false;
}

const isSame = (x: Node | null, y: Node | null): boolean => sameEntry(entryOf(x), entryOf(y));
