// Digests of a tree by directory, so that two sides that are equal agree in one message, and of two that are not only the
// directories that differ are sent (Merkle, "A digital signature based on a conventional encryption function", 1987;
// git's tree objects).
import { hash } from 'node:crypto';
import { CONTENT_HASH, type Entry } from '../../core/entry.js';
import { joinPath, parentOf, type RelPath } from '../../core/path.js';
import { type DirNode, entryOf, type Node, type Snapshot } from '../../core/snapshot.js';
import type { ScanResult } from '../../replica.js';
import { bad } from '../../wire/peer-api/list.js';
import type { DirectoryDigest } from '../../wire/peer-api/scan-report.js';

/** A directory as it was when its digest was made. */
interface DigestedDirectory {
  /** Of its own entries: names, kinds, contents, times and modes, not of what is below its directories. */
  readonly digest: string;
  readonly children: readonly (readonly [name: string, node: Node])[];
}

/** The digests of one tree at one moment; the tree may change afterwards. */
export class TreeDigests {
  /** By path; `''` is the root. Parents before children. */
  readonly directories: ReadonlyMap<RelPath | '', DigestedDirectory>;
  /** Of the whole tree, 64 hexadecimal digits. */
  readonly whole: string;

  constructor(tree: Pick<Snapshot, 'root'>) {
    const directories = new Map<RelPath | '', DigestedDirectory>();
    collect('', tree.root, directories);
    this.directories = directories;
    this.whole = hash(CONTENT_HASH, [...directories].map(([path, { digest }]) => `${path}/${digest}/`).join(''), 'hex');
  }

  /** @returns the entries directly in `directory`; none where it is unknown. */
  entriesIn(directory: RelPath | ''): { readonly path: RelPath; readonly entry: Entry }[] {
    const { children = [] } = this.directories.get(directory) ?? {};
    return children.map(([name, node]) => ({ path: joinPath(directory, name), entry: entryOf(node)! }));
  }
}

type Listed = ScanResult['entries'][number];

/** @returns all entries, parents before children. */
export const everythingIn = (tree: TreeDigests): Listed[] =>
  [...tree.directories.keys()].flatMap((directory) => tree.entriesIn(directory));

/** @returns whether a directory of the other side has in it what it has in `known`. */
export const isAlike = (known: TreeDigests, { path, digest }: DirectoryDigest): boolean =>
  known.directories.get(path)?.digest === digest;

/**
 * Puts the tree of the other side together.
 * @param directories all of its directories, parents before children.
 * @param told what is directly in those that differ from `known`.
 * @returns all entries, parents before children.
 * @throws SyncError `bad-message` where a directory is named twice, which would count all that is known of it again, or
 *   something is told of another one.
 */
export function joined(known: TreeDigests, directories: readonly DirectoryDigest[], told: readonly Listed[]): Listed[] {
  if (new Set(directories.map(({ path }) => path)).size < directories.length) throw bad('a directory is named twice');
  const differing = new Map<RelPath | '', Listed[]>();
  for (const one of directories) if (!isAlike(known, one)) differing.set(one.path, []);
  for (const one of told) {
    const there = differing.get(parentOf(one.path));
    if (there === undefined) throw bad('an entry is in a directory that was not asked for');
    there.push(one);
  }
  return directories.flatMap(({ path }) => differing.get(path) ?? known.entriesIn(path));
}

function collect(path: RelPath | '', dir: DirNode, into: Map<RelPath | '', DigestedDirectory>): void {
  const children = [...dir.children].sort(([x], [y]) => (x < y ? -1 : 1));
  let text = '';
  for (const [name, node] of children) text += `${name}/${wordsOf(node)}`;
  into.set(path, { digest: hash(CONTENT_HASH, text, 'hex'), children });
  for (const [name, node] of children) if (node.type === 'dir') collect(joinPath(path, name), node, into);
}

/** Names have no slash in them; the target of a link, which may have, has its length before it. */
function wordsOf(node: Node): string {
  if (node.type === 'dir') return `d${node.mode}/`;
  if (node.type === 'file') return `f${node.mode} ${node.size} ${node.mtime} ${node.hash}/`;
  return `l${node.mtime} ${node.target.length} ${node.target}/`;
}
