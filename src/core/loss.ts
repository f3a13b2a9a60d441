// How much of what both sides shared is missing on one of them, and whether that is too much to be believed without a
// question (mutagen's safety.go, rclone's --max-delete). Pure: it compares trees and names no side.
import { sameContent } from './entry.js';
import { joinPath, type RelPath } from './path.js';
import { childOf, type Node, type Snapshot } from './snapshot.js';

/** So many files may vanish at once without a question; more only while they are no more than half. */
export const MAX_LOST_FILES = 100;
/** A root of fewer files may be emptied without a question. */
export const SOME_FILES = 5;

export type LossCode = 'root-emptied' | 'mass-deletion';

/** What one side lacks of the files that both had. */
export interface Loss {
  /** Files and links that would be deleted on the other side too; moved ones do not count. */
  readonly files: number;
  /** Of so many that were expected. */
  readonly of: number;
  /** Everything that is missing, the highest path of each branch. */
  readonly paths: readonly RelPath[];
}

/** @returns why so great a loss is not believed, null where it is small enough. */
export function lossCode({ files, of }: Pick<Loss, 'files' | 'of'>, isEmpty: boolean): LossCode | null {
  if (isEmpty && files > 0 && of >= SOME_FILES) return 'root-emptied';
  return files > MAX_LOST_FILES && files * 2 > of ? 'mass-deletion' : null;
}

/** The trees that a loss is measured in. */
export interface LossTrees {
  /** What both sides last shared. */
  readonly shared: Snapshot;
  /** The side that may have lost files. */
  readonly here: Snapshot;
  /** The other side; null where it is not known and counts as having everything that was shared. */
  readonly there: Snapshot | null;
  /** Whether `path` is known to be gone, with all below it: it was not expected any more. */
  readonly isKnownGone: (path: RelPath) => boolean;
  /** Whether nothing is known of `path` on this side, nor of what lies below it. */
  readonly isUnknown: (path: RelPath) => boolean;
}

/** @returns what is missing of all that was shared. */
export function wholeLoss(trees: LossTrees): Loss {
  const count = new Count(trees);
  for (const [name, node] of trees.shared.root.children) count.at(name as RelPath, node);
  return count.result(lossCode({ files: count.lost.length, of: count.of }, trees.here.files === 0) !== null);
}

/**
 * @param paths where something vanished or became something else.
 * @returns what is missing there; `of` counts no more than these branches, and moved files count.
 */
export function lossAt(paths: Iterable<RelPath>, trees: LossTrees): Loss {
  const count = new Count(trees);
  for (const path of paths) {
    const node = trees.shared.get(path);
    if (node !== null) count.at(path, node);
  }
  return count.result(false);
}

/** One walk over what was shared. */
class Count {
  readonly #trees: LossTrees;

  of = 0;
  readonly lost: Node[] = [];
  readonly #paths: RelPath[] = [];

  constructor(trees: LossTrees) {
    this.#trees = trees;
  }

  at(path: RelPath, node: Node): void {
    const { here, there } = this.#trees;
    this.#visit(path, node, here.get(path), there === null ? node : there.get(path), true);
  }

  #visit(path: RelPath, shared: Node, here: Node | null, there: Node | null, isHighest: boolean): void {
    if (this.#trees.isKnownGone(path)) return;
    if (here === null && this.#trees.isUnknown(path)) {
      this.of += filesIn(shared);
      return;
    }
    const isMissing = isHighest && isLost(shared, here);
    if (isMissing) this.#paths.push(path);
    if (shared.type !== 'dir') {
      this.of++;
      // What the other side has changed or deleted itself is not taken from it.
      if (isLost(shared, here) && sameContent(shared, there)) this.lost.push(shared);
      return;
    }
    for (const [name, child] of shared.children) {
      this.#visit(joinPath(path, name), child, childOf(here, name), childOf(there, name), isHighest && !isMissing);
    }
  }

  /** @param discount whether files that stand elsewhere on this side now are to be found: that takes a walk over all of it. */
  result(discount: boolean): Loss {
    const moved = discount ? movedFiles(this.lost, this.#trees) : 0;
    return { files: this.lost.length - moved, of: this.of, paths: this.#paths };
  }
}

/** @returns whether `here` is none of what was `shared`: a link in the place of a file is a loss of it, too. */
export const isLost = (shared: Node, here: Pick<Node, 'type'> | null): boolean =>
  here === null || (here.type !== shared.type && (shared.type !== 'symlink' || here.type === 'dir'));

/** @returns how many of `lost` stand under a name now that did not have their content before. */
function movedFiles(lost: readonly Node[], { here, shared }: LossTrees): number {
  if (here.files === 0) return 0;
  const wanted = new Map<string, number>();
  for (const node of lost) {
    const key = contentKey(node);
    if (key !== null) wanted.set(key, (wanted.get(key) ?? 0) + 1);
  }
  let moved = 0;
  for (const [path, node] of here.walk()) {
    const key = contentKey(node);
    const left = key === null ? 0 : (wanted.get(key) ?? 0);
    if (left === 0 || sameContent(shared.get(path), node)) continue;
    wanted.set(key!, left - 1);
    moved++;
  }
  return moved;
}

function contentKey(node: Node): string | null {
  if (node.type === 'file') return `${node.hash} ${node.size}`;
  return node.type === 'symlink' ? `-> ${node.target}` : null;
}

function filesIn(node: Node): number {
  if (node.type !== 'dir') return 1;
  let files = 0;
  for (const child of node.children.values()) files += filesIn(child);
  return files;
}

/** How many files of one tree stand at the same place in another. */
export interface Match {
  readonly same: number;
  readonly of: number;
  /** Those of which nothing is known in the other. */
  readonly unknown: number;
}

/** @returns how many files of `known` stand in `found` with the same content. */
export function matchOf(known: Snapshot, found: Snapshot, isUnknown: (path: RelPath) => boolean): Match {
  let same = 0;
  let unknown = 0;
  for (const [path, node] of known.walk()) {
    if (node.type === 'dir') continue;
    const there = found.get(path);
    if (sameContent(node, there)) same++;
    else if (there === null && isUnknown(path)) unknown++;
  }
  return { same, of: known.files, unknown };
}

/**
 * @param isExpected whether `path`, with all below it, is known to differ.
 * @returns how many entries of `side` would change the other one: they are neither what both shared nor what that has.
 */
export function differencesFrom(
  shared: Snapshot,
  side: Snapshot,
  other: Snapshot,
  isExpected: (path: RelPath) => boolean,
): number {
  return differences('', shared.root, side.root, other.root, isExpected);
}

function differences(
  path: RelPath | '',
  shared: Node | null,
  side: Node | null,
  other: Node | null,
  isExpected: (path: RelPath) => boolean,
): number {
  if (path !== '' && isExpected(path)) return 0;
  let count = isAlike(side, shared) || isAlike(side, other) ? 0 : 1;
  const names = new Set<string>();
  for (const node of [shared, side]) if (node?.type === 'dir') for (const name of node.children.keys()) names.add(name);
  for (const name of names) {
    const of = (node: Node | null) => childOf(node, name);
    count += differences(joinPath(path, name), of(shared), of(side), of(other), isExpected);
  }
  return count;
}

/** A time alone is nobody's work. */
function isAlike(x: Node | null, y: Node | null): boolean {
  if (x === null || y === null || x.type === 'symlink' || y.type === 'symlink') return sameContent(x, y);
  return sameContent(x, y) && x.mode === y.mode;
}
