// The name of a conflict copy: `name (conflict B 2026-11-21 14-03-22).ext`. It keeps the extension, so that the file
// opens in its program, is unique on both sides, and is never longer than a file system allows.

import { shorten, splitName } from '../file-name.js';
import {
  comparePaths,
  joinPath,
  MAX_NAME_BYTES,
  nameOf,
  parentOf,
  pathFault,
  type RelPath,
  type Side,
  utf8Length,
} from '../path.js';

/** The mark as `conflictName` writes it: at the end, or before the extension. */
const MARK = / \(conflict [AB] \d{4}-\d\d-\d\d \d\d-\d\d-\d\d(?: \d+)?\)(\.[^.]*)?$/;

/**
 * @param path the path of the conflict.
 * @param side the side that loses the name.
 * @param stamp the time, as `2026-11-21 14-03-22`.
 * @param taken whether a path is in use on either side.
 * @returns a free path beside `path`.
 */
export function conflictName(path: RelPath, side: Side, stamp: string, taken: (path: RelPath) => boolean): RelPath {
  const [stem, extension] = splitName(nameOf(originalName(path)));
  for (let n = 1; ; n++) {
    const mark = ` (conflict ${side.toUpperCase()} ${stamp}${n === 1 ? '' : ` ${n}`})`;
    const room = MAX_NAME_BYTES - utf8Length(mark) - utf8Length(extension);
    const name = joinPath(parentOf(path), `${shorten(stem, room)}${mark}${extension}`);
    if (!taken(name)) return name;
  }
}

/**
 * @returns whether `path` has the name of a conflict copy. It is called for every file, so a fast search comes first.
 */
export const isConflictCopy = (path: RelPath): boolean => path.includes(' (conflict ') && originalName(path) !== path;

/**
 * @returns the path whose copy `path` is; `path` itself where it is not a conflict copy or the rest is not a valid
 * name.
 */
export function originalName(path: RelPath): RelPath {
  const name = nameOf(path).replace(MARK, '$1');
  return pathFault(name) === null ? joinPath(parentOf(path), name) : path;
}

const MARKED = /^(.*)( \(conflict ([AB]) (\d{4}-\d\d-\d\d \d\d-\d\d-\d\d)(?: (\d+))?\))(\.[^.]*)?$/s;

/** The parts of a conflict copy's name. */
export interface ConflictCopy {
  readonly path: RelPath;
  /** The name without the mark; for a long name only its beginning. */
  readonly stem: string;
  readonly extension: string;
  /** The length of the mark in UTF-8, in bytes. */
  readonly markBytes: number;
  /** The side whose content it is. */
  readonly side: Side;
  /** When it was made, as `2026-11-21 14-03-22`, in the local time of server-a. */
  readonly stamp: string;
  /** Its number among the copies with the same stamp, from 1. */
  readonly n: number;
}

/** @returns the parts of the name of `path`; null where it is not a conflict copy. */
export function parseCopy(path: RelPath): ConflictCopy | null {
  const found = isConflictCopy(path) ? MARKED.exec(nameOf(path)) : null;
  if (found === null) return null;
  const [, stem, mark, side, stamp, n, extension] = found;
  return {
    path,
    stem: stem!,
    extension: extension ?? '',
    markBytes: utf8Length(mark!),
    side: side === 'A' ? 'a' : 'b',
    stamp: stamp!,
    n: n === undefined ? 1 : Number(n),
  };
}

/** @returns whether `copy` is a copy of the file at `path`; a long name is shortened in the name of its copy. */
export function isCopyOf(copy: ConflictCopy, path: RelPath): boolean {
  if (parentOf(copy.path) !== parentOf(path)) return false;
  const [stem, extension] = splitName(nameOf(path));
  if (extension !== copy.extension) return false;
  return copy.stem === shorten(stem, MAX_NAME_BYTES - copy.markBytes - utf8Length(extension));
}

/** Sorts the oldest first. */
export function byAge(x: ConflictCopy, y: ConflictCopy): number {
  if (x.stamp !== y.stamp) return x.stamp < y.stamp ? -1 : 1;
  return x.n - y.n || comparePaths(x.path, y.path);
}

/**
 * @param taken whether a path is in use on either side.
 * @returns the name of a copy after `resolve --keep both`, no longer a conflict copy: `name (B 2026-11-21
 * 14-03-22).ext`.
 */
export function settledName(copy: ConflictCopy, taken: (path: RelPath) => boolean): RelPath {
  for (let n = copy.n; ; n++) {
    const mark = ` (${copy.side.toUpperCase()} ${copy.stamp}${n === 1 ? '' : ` ${n}`})`;
    const path = joinPath(parentOf(copy.path), `${copy.stem}${mark}${copy.extension}`);
    if (!taken(path)) return path;
  }
}
