// Finds the renames among one side's changes, so that a move transfers no content:
//
//   index the deleted, non-empty files by content
//   for each created file, in order:
//     take a deleted file of the same content from the index, one of the same name if there is one
//     replace the creation by a rename from there, and drop the deletion
import type { Change } from '../change.js';
import type { Entry, FileEntry } from '../entry.js';
import { nameOf, type RelPath } from '../path.js';

/**
 * @returns `changes` with each pair of a deletion and a creation of the same, non-empty content replaced by a rename.
 */
export function pairRenames(changes: readonly Change[]): Change[] {
  const deleted = deletedContents(changes);
  if (deleted.size === 0) return [...changes];
  const moved = new Set<RelPath>();
  const paired = changes.map((change) => {
    const source = takeSource(change, deleted);
    if (source === null) return change;
    moved.add(source.path);
    return { path: change.path, action: 'renamed', before: null, after: change.after, from: source } as const;
  });
  return paired.filter((change) => change.action !== 'deleted' || !moved.has(change.path));
}

interface Source {
  readonly path: RelPath;
  readonly entry: Entry;
}

const contentKey = (file: FileEntry): string => `${file.hash} ${file.size}`;

function deletedContents(changes: readonly Change[]): Map<string, Source[]> {
  const found = new Map<string, Source[]>();
  for (const { path, action, before } of changes) {
    if (action !== 'deleted' || before?.type !== 'file' || before.size === 0) continue;
    const key = contentKey(before);
    const sources = found.get(key);
    if (sources === undefined) found.set(key, [{ path, entry: before }]);
    else sources.push({ path, entry: before });
  }
  return found;
}

function takeSource(change: Change, deleted: Map<string, Source[]>): Source | null {
  if (change.action !== 'created' || change.after?.type !== 'file') return null;
  const sources = deleted.get(contentKey(change.after));
  if (sources === undefined || sources.length === 0) return null;
  const alike = sources.length > 16 ? -1 : sources.findIndex((source) => nameOf(source.path) === nameOf(change.path));
  return sources.splice(Math.max(alike, 0), 1)[0] ?? null;
}
