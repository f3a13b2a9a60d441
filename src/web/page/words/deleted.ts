// What was deleted, as people deleted it: a directory that went is one entry with its files, and what both sides keep of
// one content is one version.
import type { VersionRow } from '../../../wire/client-api/version-rows.js';

/** Deletions with pauses no longer than this between them are one: of a large directory they take minutes. */
const TOGETHER_MS = 60_000;

/** A file or a directory that was deleted. */
export interface Deletion {
  /** The path; that of a directory ends in a slash. */
  readonly path: string;
  readonly time: string;
  readonly files: readonly VersionRow[];
  readonly bytes: number;
}

/** @returns the rows without those that the other side keeps of the same content; the numbers stay. */
export function withoutTwins(rows: readonly VersionRow[]): readonly VersionRow[] {
  const open = new Map<string, Set<string>>();
  return rows.filter((row) => {
    const key = JSON.stringify([row.path, row.size, row.mtime, row.reason]);
    const sides = open.get(key) ?? new Set();
    if (sides.size > 0 && !sides.has(row.side)) {
      open.delete(key);
      return false;
    }
    open.set(key, sides.add(row.side));
    return true;
  });
}

/** @returns every directory that has a file, with a slash at its end. */
export function foldersOf(paths: Iterable<string>): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const path of paths) {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const folder = path.slice(0, at + 1);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  return folders;
}

/**
 * @param rows what was deleted and is not there, the newest first.
 * @param there the directories that are there now.
 * @returns the deletions, the newest first.
 */
export function deletionsOf(rows: readonly VersionRow[], there: ReadonlySet<string>): readonly Deletion[] {
  const seen = new Set<string>();
  const all: { path: string; files: VersionRow[] }[] = [];
  const open = new Map<string, { path: string; files: VersionRow[] }>();
  for (const row of rows) {
    if (seen.has(row.path)) continue;
    seen.add(row.path);
    const path = goneFolder(row.path, there) ?? row.path;
    const last = open.get(path);
    if (last !== undefined && timeOf(last.files.at(-1)!) - timeOf(row) <= TOGETHER_MS) last.files.push(row);
    else {
      const deletion = { path, files: [row] };
      open.set(path, deletion);
      all.push(deletion);
    }
  }
  return all.map(({ path, files }) => ({
    ...{ path, files, time: files[0]!.replaced },
    bytes: files.reduce((sum, { size }) => sum + size, 0),
  }));
}

/** @returns the highest directory of `path` that is gone; null where its directory is there. */
function goneFolder(path: string, there: ReadonlySet<string>): string | null {
  for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) {
    const folder = path.slice(0, at + 1);
    if (!there.has(folder)) return folder;
  }
  return null;
}

const timeOf = ({ replaced }: VersionRow): number => Date.parse(replaced);
