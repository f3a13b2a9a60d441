// Trees as one line of text, for tables: `x:1` a file with the content 1, `x:1@7!600` changed at 7 with mode 600,
// `d/` a directory (those above a path are implied), `d/!700` its mode, `l->x` a link. A tree here is a flat map, on
// purpose: the model that the core's nested snapshots are compared with must not share their code.
import type { Change } from '../../../src/core/change.js';
import { type Entry, type FileEntry, sameEntry } from '../../../src/core/entry.js';
import { comparePaths, type RelPath } from '../../../src/core/path.js';
import type { Conflict } from '../../../src/core/reconcile/reconcile.js';
import { entryOf, Snapshot } from '../../../src/core/snapshot.js';

export type Tree = Map<RelPath, Entry>;

const FILE = /^([^:]+):(\w*)(?:@(\d+))?(?:!(\d+))?$/;
const LINK = /^(.+?)->([^@]+)(?:@(\d+))?$/;
const DIR = /^(.+)\/(?:!(\d+))?$/;

/** @returns the file that has `content` (a word; it stands for its own hash). */
export function file(content: string, mtime = 1, mode = 0o644): FileEntry {
  return { type: 'file', size: content.length, mtime, mode, hash: content.padStart(64, '0') };
}

/** @returns the tree that `text` describes. */
export function tree(text: string): Tree {
  const made: Tree = new Map();
  for (const token of text.split(/\s+/)) if (token !== '') putToken(made, token);
  return made;
}

function putToken(to: Tree, token: string): void {
  const link = LINK.exec(token);
  const dir = DIR.exec(token);
  const plain = FILE.exec(token);
  if (link !== null) put(to, link[1]!, { type: 'symlink', target: link[2]!, mtime: Number(link[3] ?? 1) });
  else if (dir !== null) put(to, dir[1]!, { type: 'dir', mode: parseInt(dir[2] ?? '755', 8) });
  else if (plain !== null) {
    put(to, plain[1]!, file(plain[2]!, Number(plain[3] ?? 1), parseInt(plain[4] ?? '644', 8)));
  } else throw new Error(`not a tree token: ${token}`);
}

/** @returns `path` and the paths above it, the nearest last but for `path` itself. */
export function lineage(path: string): RelPath[] {
  const names = path.split('/');
  return names.map((_, i) => names.slice(0, i + 1).join('/') as RelPath);
}

/** @returns the paths in `from` that lie below `path`. */
export function below(from: ReadonlyMap<RelPath, Entry>, path: string): RelPath[] {
  return [...from.keys()].filter((other) => other.startsWith(`${path}/`));
}

/** Records `entry` as Snapshot.put promises to: what is above becomes directories, null takes what is below with it. */
export function put(to: Tree, path: string, entry: Entry | null): void {
  const at = path as RelPath;
  if (entry === null || entry.type !== 'dir') for (const gone of below(to, path)) to.delete(gone);
  if (entry === null) {
    to.delete(at);
    return;
  }
  for (const ancestor of lineage(path).slice(0, -1)) {
    if (to.get(ancestor)?.type !== 'dir') to.set(ancestor, { type: 'dir', mode: 0o755 });
  }
  to.set(at, entry);
}

/** @returns `from` as the core takes it. */
export function snapshotOf(from: ReadonlyMap<RelPath, Entry>): Snapshot {
  const made = new Snapshot();
  for (const path of [...from.keys()].sort(comparePaths)) made.put(path, from.get(path)!);
  return made;
}

/** @returns the flat form of `snapshot`. */
export function treeOf(snapshot: Snapshot): Tree {
  return new Map([...snapshot.walk()].map(([path, node]) => [path, entryOf(node)!]));
}

/** @returns `entry` in the notation; a link's time is left out, for it is never compared. */
export function showEntry(path: string, entry: Entry): string {
  if (entry.type === 'dir') return `${path}/${entry.mode === 0o755 ? '' : `!${entry.mode.toString(8)}`}`;
  if (entry.type === 'symlink') return `${path}->${entry.target}`;
  const time = entry.mtime === 1 ? '' : `@${entry.mtime}`;
  const mode = entry.mode === 0o644 ? '' : `!${entry.mode.toString(8)}`;
  return `${path}:${wordOf(entry)}${time}${mode}`;
}

/** @returns the content of `entry` as the notation has it. */
export const wordOf = (entry: FileEntry): string => entry.hash.slice(64 - entry.size);

/** @returns the whole tree in the notation, sorted: equal trees, equal texts. */
export function showTree(from: ReadonlyMap<RelPath, Entry>): string {
  const paths = [...from.keys()].sort(comparePaths);
  return paths.map((path) => showEntry(path, from.get(path)!)).join(' ');
}

const SIGN = { created: '+', deleted: '-', modified: '*', metadata: '~' } as const;

/** @returns `changes` in their order: `+x` created, `-x` deleted, `*x` modified (`*x|copy`), `~x` metadata, `x>y` renamed. */
export function showChanges(changes: readonly Change[]): string {
  return changes
    .map((change) => {
      if (change.action === 'renamed') return `${change.from?.path}>${change.path}`;
      return `${SIGN[change.action]}${change.path}${change.conflictCopy === undefined ? '' : `|${change.conflictCopy}`}`;
    })
    .join(' ');
}

/** @returns `conflicts` as `path=kept|copy`. */
export function showConflicts(conflicts: readonly Conflict[]): string {
  return conflicts.map(({ path, kept, copy }) => `${path}=${kept}${copy === null ? '' : `|${copy}`}`).join(' ');
}

/** @returns the paths on which the two trees differ. */
export function differences(x: ReadonlyMap<RelPath, Entry>, y: ReadonlyMap<RelPath, Entry>): RelPath[] {
  const paths = new Set([...x.keys(), ...y.keys()]);
  return [...paths].filter((path) => !sameEntry(x.get(path) ?? null, y.get(path) ?? null));
}
