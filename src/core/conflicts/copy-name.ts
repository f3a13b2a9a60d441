// The name of a conflict copy: `name (conflict B 2026-11-21 14-03-22).ext`. It keeps the extension, so that the file
// opens in its program, and it never collides and never grows past what a file system takes.

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

/** The mark where `conflictName` puts it: at the end, or before the extension. */
const MARK = / \(conflict [AB] \d{4}-\d\d-\d\d \d\d-\d\d-\d\d(?: \d+)?\)(\.[^.]*)?$/;

/**
 * @param path the name that both sides wanted.
 * @param side whose content is set aside.
 * @param stamp the moment, as `2026-11-21 14-03-22`.
 * @param taken whether a name is in use on either side.
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

/** @returns whether `path` has the name of a conflict copy; asked of every file of a pair, so most are told by a search. */
export const isConflictCopy = (path: RelPath): boolean => path.includes(' (conflict ') && originalName(path) !== path;

/** @returns the path that a conflict copy is a copy of; `path` itself where it is none, or where `..` would be left. */
export function originalName(path: RelPath): RelPath {
  const name = nameOf(path).replace(MARK, '$1');
  return pathFault(name) === null ? joinPath(parentOf(path), name) : path;
}

const MARKED = /^(.*)( \(conflict ([AB]) (\d{4}-\d\d-\d\d \d\d-\d\d-\d\d)(?: (\d+))?\))(\.[^.]*)?$/s;

/** What a conflict copy's name says. */
export interface ConflictCopy {
  readonly path: RelPath;
  /** The name without the mark; of a very long original only its beginning. */
  readonly stem: string;
  readonly extension: string;
  /** How many bytes the mark takes. */
  readonly markBytes: number;
  /** Whose content it is. */
  readonly side: Side;
  /** When it was set aside, as `2026-11-21 14-03-22`, local time of server-a. */
  readonly stamp: string;
  /** Its number among those of one second. */
  readonly n: number;
}

/** @returns what the name of `path` says, null where it is no conflict copy's. */
export function parseCopy(path: RelPath): ConflictCopy | null {
  const found = isConflictCopy(path) ? MARKED.exec(nameOf(path)) : null;
  if (found === null) return null;
  const [, stem = '', mark = '', side, stamp = '', n, extension = ''] = found;
  return {
    path,
    stem,
    extension,
    markBytes: utf8Length(mark),
    side: side === 'A' ? 'a' : 'b',
    stamp,
    n: n === undefined ? 1 : Number(n),
  };
}

/** @returns whether `copy` is a copy of the file at `path`, whose name may be too long to stand in the copy's whole. */
export function isCopyOf(copy: ConflictCopy, path: RelPath): boolean {
  if (parentOf(copy.path) !== parentOf(path)) return false;
  const [stem, extension] = splitName(nameOf(path));
  if (extension !== copy.extension) return false;
  return copy.stem === shorten(stem, MAX_NAME_BYTES - copy.markBytes - utf8Length(extension));
}

/** Oldest first. */
export function byAge(x: ConflictCopy, y: ConflictCopy): number {
  if (x.stamp !== y.stamp) return x.stamp < y.stamp ? -1 : 1;
  return x.n - y.n || comparePaths(x.path, y.path);
}

/**
 * The name of a copy that is a file in its own right from now on: `name (B 2026-11-21 14-03-22).ext`.
 * @param taken whether a name is in use on either side.
 */
export function settledName(copy: ConflictCopy, taken: (path: RelPath) => boolean): RelPath {
  for (let n = copy.n; ; n++) {
    const mark = ` (${copy.side.toUpperCase()} ${copy.stamp}${n === 1 ? '' : ` ${n}`})`;
    const path = joinPath(parentOf(copy.path), `${copy.stem}${mark}${copy.extension}`);
    if (!taken(path)) return path;
  }
}
