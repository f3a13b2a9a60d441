// An entry together with what the disk said of it when it was read. As long as the disk says the same, the content is
// the same and need not be read again; `racy` marks the one case where that does not follow.
import type { Stats } from 'node:fs';
import type { FileEntry } from '../../core/entry.js';

/** What makes two looks at one path find the same, unread file. Size and times alone can be restored by hand; ctime cannot. */
interface Signature {
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
}

/** A file as it was seen. Its `mtime` and `mode` are what is reported, which may be finer than what the disk holds. */
export interface FileSignature extends FileEntry, Signature {
  /** Written so shortly before it was read that a later write could leave the same signature: to be read again. */
  readonly racy: boolean;
}

/** What lstat said, in few bytes: of a tree that is new there is one for every file at a time. */
export interface StatSignature extends Signature {
  readonly kind: 'file' | 'symlink' | 'pipe' | 'socket' | 'device';
}

/** @returns what is to be remembered of `stats`, which are not a directory's. */
export function statSignature(stats: Stats): StatSignature {
  const { ino, size, mtimeMs, ctimeMs } = stats;
  return { kind: kindOf(stats), ino, size, mtimeMs, ctimeMs };
}

function kindOf(stats: Stats): StatSignature['kind'] {
  if (stats.isFile()) return 'file';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isFIFO()) return 'pipe';
  return stats.isSocket() ? 'socket' : 'device';
}

/** A clock that stamps files moves in steps of at most this. */
const RACY_MS = 20;
/** File systems with whole-second or two-second stamps (FAT) need longer. */
const COARSE_RACY_MS = 2000;

/** @returns whether the disk says of both that they are the same file, unchanged. */
export function sameSignature(x: Signature, y: Signature): boolean {
  return x.ino === y.ino && x.size === y.size && x.mtimeMs === y.mtimeMs && x.ctimeMs === y.ctimeMs;
}

/** @returns milliseconds after its stamps until which a file's signature proves nothing. */
export function racyMs(file: Signature): number {
  return file.mtimeMs % 1000 === 0 && file.ctimeMs % 1000 === 0 ? COARSE_RACY_MS : RACY_MS;
}

/** @param at when reading began, milliseconds since 1970. */
export function isRacy(file: Signature, at: number): boolean {
  const window = racyMs(file);
  return Math.abs(at - file.mtimeMs) < window || Math.abs(at - file.ctimeMs) < window;
}

/** @returns the file of these `stats` and this `hash`, read from `at` on; `reported` overrides mode and mtime. */
export function fileSignature(
  stats: Stats,
  hash: string,
  at: number,
  reported: { mode?: number; mtime?: number } = {},
): FileSignature {
  const { ino, size, mtimeMs, ctimeMs } = stats;
  const racy = isRacy(stats, at);
  const mtime = reported.mtime ?? microseconds(mtimeMs);
  return { type: 'file', size, mtime, mode: reported.mode ?? modeOf(stats), hash, ino, mtimeMs, ctimeMs, racy };
}

/** @returns whole microseconds, from the year 1684 to 2255; a double of milliseconds still holds a quarter of one. */
export const microseconds = (ms: number): number =>
  Math.max(Math.min(Math.round(ms * 1000), Number.MAX_SAFE_INTEGER), Number.MIN_SAFE_INTEGER);

/** @returns the permission bits that are carried. */
export const modeOf = (stats: Stats): number => stats.mode & 0o777;
