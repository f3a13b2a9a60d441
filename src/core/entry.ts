// What one side has at one path, as far as synchronisation cares: content by hash, never by clock.

/** A regular file. */
export interface FileEntry {
  readonly type: 'file';
  /** Bytes. */
  readonly size: number;
  /** Modification time, whole microseconds since 1970: the finest that every platform can set and read back. */
  readonly mtime: number;
  /** Permission bits, 0o000–0o777. */
  readonly mode: number;
  /** SHA-256 of the content, 64 hexadecimal digits. */
  readonly hash: string;
}

/** A symbolic link, carried as a link and never followed. */
export interface LinkEntry {
  readonly type: 'symlink';
  readonly target: string;
  /** Microseconds; shown to people, never compared. */
  readonly mtime: number;
}

/** A directory; its modification time follows from its contents and is not carried. */
export interface DirEntry {
  readonly type: 'dir';
  readonly mode: number;
}

export type Entry = FileEntry | LinkEntry | DirEntry;

/** @returns whether both are the same thing with the same content; permission bits and times aside. */
export function sameContent(x: Entry | null, y: Entry | null): boolean {
  if (x === null || y === null) return x === y;
  if (x.type === 'file') return y.type === 'file' && x.hash === y.hash && x.size === y.size;
  if (x.type === 'symlink') return y.type === 'symlink' && x.target === y.target;
  return y.type === 'dir';
}

/** @returns whether permission bits and times agree, for two entries of the same content. */
export function sameMetadata(x: Entry, y: Entry): boolean {
  if (x.type === 'file') return y.type === 'file' && x.mode === y.mode && x.mtime === y.mtime;
  if (x.type === 'dir') return y.type === 'dir' && x.mode === y.mode;
  return y.type === 'symlink';
}

/** @returns whether nothing that is carried differs. */
export function sameEntry(x: Entry | null, y: Entry | null): boolean {
  if (x === null || y === null) return x === y;
  return x === y || (sameContent(x, y) && sameMetadata(x, y));
}

/** @returns the modification time in microseconds that decides which of two contents is newer; a directory has none. */
export const mtimeOf = (entry: Entry): number => (entry.type === 'dir' ? 0 : entry.mtime);

/** @returns the bytes that `entry` takes; only files have any. */
export const sizeOf = (entry: Entry | null): number => (entry?.type === 'file' ? entry.size : 0);

/**
 * @returns the seconds to give to `utimes`. Most systems make exactly `mtime` microseconds of them, whether they cut off
 *   or round, for a quarter of a microsecond is more than a double of seconds is off until 2038.
 */
export function secondsOf(mtime: number): number {
  const time = Math.max(mtime, 0);
  return (time % 1e6 === 0 ? time : time + 0.25) / 1e6;
}
