// The state of one path on one side, as far as it is synchronised. Contents are compared by hash, never by time.

/** The hash by which contents are compared, as node:crypto calls it. */
export const CONTENT_HASH = 'sha256';
/** What a hash looks like, as the source of a regular expression. */
export const HASH_PATTERN = '[0-9a-f]{64}';

/** A regular file. */
export interface FileEntry {
  readonly type: 'file';
  /** Bytes. */
  readonly size: number;
  /** Modification time, whole microseconds since 1970: the finest that every platform can set and read back. */
  readonly mtime: number;
  /** Permission bits, 0o000–0o777. */
  readonly mode: number;
  /** Of the content, by {@link CONTENT_HASH}, in hexadecimal digits. */
  readonly hash: string;
}

/** A symbolic link. It is synchronised as a link and never followed. */
export interface LinkEntry {
  readonly type: 'symlink';
  readonly target: string;
  /** Microseconds since 1970; shown to people, never compared. */
  readonly mtime: number;
}

/** A directory. Its modification time is not synchronised. */
export interface DirEntry {
  readonly type: 'dir';
  readonly mode: number;
}

export type Entry = FileEntry | LinkEntry | DirEntry;

/** @returns whether both have the same type and content; permission bits and times are ignored. */
export function sameContent(x: Entry | null, y: Entry | null): boolean {
  if (x === null || y === null) return x === y;
  if (x.type === 'file') return y.type === 'file' && x.hash === y.hash && x.size === y.size;
  if (x.type === 'symlink') return y.type === 'symlink' && x.target === y.target;
  return y.type === 'dir';
}

/** @returns whether permission bits and times are equal, for two entries of the same content. */
export function sameMetadata(x: Entry, y: Entry): boolean {
  if (x.type === 'file') return y.type === 'file' && x.mode === y.mode && x.mtime === y.mtime;
  if (x.type === 'dir') return y.type === 'dir' && x.mode === y.mode;
  return y.type === 'symlink';
}

/** @returns whether everything that is synchronised is equal. */
export function sameEntry(x: Entry | null, y: Entry | null): boolean {
  if (x === null || y === null) return x === y;
  return x === y || (sameContent(x, y) && sameMetadata(x, y));
}

/** @returns the modification time in microseconds, for deciding which of two contents is newer; 0 for a directory. */
export const mtimeOf = (entry: Entry): number => (entry.type === 'dir' ? 0 : entry.mtime);

/** @returns the size of `entry` in bytes; 0 where it is not a file. */
export const sizeOf = (entry: Entry | null): number => (entry?.type === 'file' ? entry.size : 0);

/**
 * Converts a modification time for `utimes`, which takes seconds. A quarter of a microsecond is added so that the
 * system gets `mtime` back exactly, whether it truncates or rounds: it is more than the error of a double until 2038.
 * @param mtime microseconds since 1970.
 * @returns seconds since 1970.
 */
export function secondsOf(mtime: number): number {
  const time = Math.max(mtime, 0);
  return (time % 1e6 === 0 ? time : time + 0.25) / 1e6;
}
