// The merged listing: every file and link of either side, each once, in the order of the paths' bytes, so that an index
// means the same file on every machine.
import type { Entry } from './entry.js';
import { comparePaths, joinPath, type RelPath, type Side } from './path.js';
import { childOf, type Node, type Snapshot } from './snapshot.js';

/** One row of the listing, without its lock. */
export interface ListedFile {
  readonly path: RelPath;
  readonly entry: Exclude<Entry, { type: 'dir' }>;
  readonly on: 'both' | Side;
}

/**
 * Merges both sides.
 * @param b null while side b has never been scanned: every file of a is listed as only in a.
 * @returns the rows, in order.
 */
export function mergedListing(a: Snapshot, b: Snapshot | null): ListedFile[] {
  const files: ListedFile[] = [];
  collect('', a.root, b?.root ?? null, files);
  return files.sort((x, y) => comparePaths(x.path, y.path));
}

function collect(path: RelPath | '', a: Node | null, b: Node | null, files: ListedFile[]): void {
  const fileA = a !== null && a.type !== 'dir' ? a : null;
  const fileB = b !== null && b.type !== 'dir' ? b : null;
  if (fileA !== null && fileB !== null) {
    files.push({ path: path as RelPath, entry: fileB.mtime > fileA.mtime ? fileB : fileA, on: 'both' });
  } else if (fileA !== null) files.push({ path: path as RelPath, entry: fileA, on: 'a' });
  else if (fileB !== null) files.push({ path: path as RelPath, entry: fileB, on: 'b' });
  if (a?.type === 'dir') {
    for (const [name, child] of a.children) collect(joinPath(path, name), child, childOf(b, name), files);
  }
  if (b?.type === 'dir') {
    for (const [name, child] of b.children) {
      if (childOf(a, name) === null) collect(joinPath(path, name), null, child, files);
    }
  }
}

/** @returns how many rows of {@link mergedListing} have a file name for which `is` is true. */
export function countListed(a: Node | null, b: Node | null, is: (name: string) => boolean, name = ''): number {
  const isFile = (a !== null && a.type !== 'dir') || (b !== null && b.type !== 'dir');
  let count = isFile && is(name) ? 1 : 0;
  if (a?.type === 'dir')
    for (const [below, child] of a.children) count += countListed(child, childOf(b, below), is, below);
  if (b?.type !== 'dir') return count;
  for (const [below, child] of b.children) if (childOf(a, below) === null) count += countListed(null, child, is, below);
  return count;
}
