// Measures how many of the shared files are missing on one side, and decides whether a person has to confirm the loss
// (mutagen's safety.go, rclone's --max-delete). Pure: it compares trees and knows no sides.
import { sameContent } from './entry.js';
import { joinPath, type RelPath } from './path.js';
import { childOf, type Node, type Snapshot } from './snapshot.js';

/**
 * The number of files that may vanish at once without a confirmation. More may vanish if they are at most half of all.
 */
export const MAX_LOST_FILES = 100;
/** A root with fewer files may become empty without a confirmation. */
export const MIN_EMPTIED_FILES = 5;

export type LossCode = 'root-emptied' | 'mass-deletion';

/** The files that one side lacks of those that both had. */
export interface Loss {
  /** Files and links that would be deleted on the other side too. Moved ones are not counted. */
  readonly files: number;
  /** The number of files that were expected. */
  readonly of: number;
  /** All missing paths, only the topmost of each branch. */
  readonly paths: readonly RelPath[];
}

/** @returns why the loss needs a confirmation; null where it needs none. */
export function lossCode({ files, of }: Pick<Loss, 'files' | 'of'>, isEmpty: boolean): LossCode | null {
  if (isEmpty && files > 0 && of >= MIN_EMPTIED_FILES) return 'root-emptied';
  return files > MAX_LOST_FILES && files * 2 > of ? 'mass-deletion' : null;
}

/** The trees that are compared. */
export interface LossTrees {
  /** The state that both sides last shared. */
  readonly shared: Snapshot;
  /** The side that may have lost files. */
  readonly here: Snapshot;
  /** The other side. Null where it is not known: it then counts as having everything that was shared. */
  readonly there: Snapshot | null;
  /** Whether `path` and everything below it is known to be gone, so that it is not expected. */
  readonly isKnownGone: (path: RelPath) => boolean;
  /** Whether the entries at and below `path` are unknown on this side. */
  readonly isUnknown: (path: RelPath) => boolean;
}

/**
 * @param isHalted whether a loss was reported already: then moved files are found however few are missing.
 * @returns the loss in the whole tree.
 */
export function wholeLoss(trees: LossTrees, isHalted = false): Loss {
  const count = new Count(trees);
  for (const [name, node] of trees.shared.root.children) count.at(name as RelPath, node);
  const isTooMuch = lossCode({ files: count.lost.length, of: count.of }, trees.here.files === 0) !== null;
  return count.result(isTooMuch || isHalted);
}

/**
 * @param paths where something vanished or changed its type.
 * @returns the loss at and below `paths`; `of` counts only these branches, and moved files count as lost.
 */
export function lossAt(paths: Iterable<RelPath>, trees: LossTrees): Loss {
  const count = new Count(trees);
  for (const path of paths) {
    const node = trees.shared.get(path);
    if (node !== null) count.at(path, node);
  }
  return count.result(false);
}

/** One walk over the shared tree. */
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
      // What the other side itself has changed or deleted is not lost by following.
      if (isLost(shared, here) && sameContent(shared, there)) this.lost.push(shared);
      return;
    }
    for (const [name, child] of shared.children) {
      this.#visit(joinPath(path, name), child, childOf(here, name), childOf(there, name), isHighest && !isMissing);
    }
  }

  /**
   * @param discount whether to find files that were moved on this side and not to count them; this walks the whole
   * side.
   */
  result(discount: boolean): Loss {
    const moved = discount ? movedFiles(this.lost, this.#trees) : 0;
    return { files: this.lost.length - moved, of: this.of, paths: this.#paths };
  }
}

/** @returns whether the shared node is lost on this side; a file that became a link is lost, too. */
export const isLost = (shared: Node, here: Pick<Node, 'type'> | null): boolean =>
  here === null || (here.type !== shared.type && (shared.type !== 'symlink' || here.type === 'dir'));

/** @returns how many of `lost` are now at a path that did not have their content before. */
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

/** The result of comparing two trees file by file. */
export interface Match {
  readonly same: number;
  readonly of: number;
  /** Files whose state in the other tree is unknown. */
  readonly unknown: number;
}

/** @returns how many files of `known` are at the same path in `found` with the same content. */
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
 * @param isExpected whether `path` with everything below it is known to differ.
 * @returns how many entries of `side` would change `other`: those that equal neither the shared entry nor the one of
 * `other`.
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

/** Times are ignored: a different time alone is no change of content. */
function isAlike(x: Node | null, y: Node | null): boolean {
  if (x === null || y === null || x.type === 'symlink' || y.type === 'symlink') return sameContent(x, y);
  return sameContent(x, y) && x.mode === y.mode;
}
