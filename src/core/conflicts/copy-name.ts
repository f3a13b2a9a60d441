// The name of a conflict copy: `name (conflict B 2026-11-21 14-03-22).ext`. It keeps the extension, so that the file
// opens in its program, and it never collides and never grows past what a file system takes.
import { joinPath, MAX_NAME_BYTES, nameOf, parentOf, pathFault, type RelPath, type Side, utf8Length } from '../path.js';

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

/** @returns the local time `date` as it stands in a conflict copy's name. */
export function stampOf(date: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}-${two(date.getMinutes())}-${two(date.getSeconds())}`;
}

/** @returns the stem and the extension with its dot; a leading dot begins no extension. */
export function splitName(name: string): [stem: string, extension: string] {
  const dot = name.lastIndexOf('.');
  return dot <= 0 || name.length - dot > 20 ? [name, ''] : [name.slice(0, dot), name.slice(dot)];
}

/** @returns as much of `stem` as fits into `bytes` of UTF-8, no character cut in two. */
export function shorten(stem: string, bytes: number): string {
  let short = stem;
  while (utf8Length(short) > bytes) short = short.slice(0, short.codePointAt(short.length - 2)! > 0xffff ? -2 : -1);
  return short;
}
