// The signature of a file: the stats it had when it was read. While they are the same, the content is the same and is
// not read again. `racy` marks the one case where that does not follow (as in git's index).
import type { Stats } from 'node:fs';
import type { FileEntry } from '../../core/entry.js';

/** The stats that identify an unchanged file. Size and mtime can be restored by a program; ctime cannot. */
interface Signature {
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
}

/** A file as a scan saw it. `mtime` and `mode` are the reported values; `mtime` may be finer than the time on disk. */
export interface FileSignature extends FileEntry, Signature {
  /** Whether it was written so shortly before it was read that a later write could leave the same signature. */
  readonly racy: boolean;
}

/** The needed part of lstat's result, small because the scan of a new tree keeps one for each file. */
export interface StatSignature extends Signature {
  readonly kind: 'file' | 'symlink' | 'pipe' | 'socket' | 'device';
}

/** @returns the needed part of `stats`, which are not those of a directory. */
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

/** The largest step of the clock that stamps files, in milliseconds. */
const RACY_MS = 20;
/** The same for file systems with a resolution of one or two seconds (FAT). */
const COARSE_RACY_MS = 2000;

/** @returns whether both are signatures of the same, unchanged file. */
export function sameSignature(x: Signature, y: Signature): boolean {
  return x.ino === y.ino && x.size === y.size && x.mtimeMs === y.mtimeMs && x.ctimeMs === y.ctimeMs;
}

/** @returns for how many milliseconds after its times the signature of a file proves nothing. */
export function racyMs(file: Signature): number {
  return file.mtimeMs % 1000 === 0 && file.ctimeMs % 1000 === 0 ? COARSE_RACY_MS : RACY_MS;
}

/** @param at when reading began, milliseconds since 1970. @returns whether the file was written too shortly before. */
export function isRacy(file: Signature, at: number): boolean {
  const window = racyMs(file);
  return Math.abs(at - file.mtimeMs) < window || Math.abs(at - file.ctimeMs) < window;
}

/**
 * @returns whether a file that got the modification time `mtime` (microseconds since 1970) and then its name has not been
 *   written since. Its times show it, however short that was ago: a write sets both to the same moment.
 */
export const isAsPublished = (file: Signature, mtime: number): boolean =>
  microseconds(file.mtimeMs) === mtime && file.ctimeMs - file.mtimeMs >= racyMs(file);

/** @returns the signature of a file that was read from `at` on; `reported` overrides mode and mtime. */
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

/** @returns whole microseconds, from the year 1684 to 2255; a double of milliseconds resolves a quarter of one. */
export const microseconds = (ms: number): number =>
  Math.max(Math.min(Math.round(ms * 1000), Number.MAX_SAFE_INTEGER), Number.MIN_SAFE_INTEGER);

/** @returns the permission bits that are synchronised. */
export const modeOf = (stats: Stats): number => stats.mode & 0o777;
