// The name of a version: `plan (2026-11-21 14-03-22).txt`. It has the local time at which the content was moved to
// versions/, so that a version whose record is lost still has its place in the order.
import { shorten, splitName, stampOf } from '../../core/file-name.js';
import { MAX_NAME_BYTES, utf8Length } from '../../core/path.js';

const MARKED =
  /^(?<stem>.*)(?<mark> \((?<day>\d{4}-\d\d-\d\d) (?<time>\d\d-\d\d-\d\d)(?: (?<n>\d+))?\))(?<extension>\.[^.]*)?$/s;

/**
 * @param name the name of the file, without its directory.
 * @param replaced milliseconds since 1970.
 * @param n the number among the versions of one second, from 1.
 */
export function versionName(name: string, replaced: number, n: number): string {
  const [stem, extension] = splitName(name);
  const mark = ` (${stampOf(new Date(replaced))}${n === 1 ? '' : ` ${n}`})`;
  const maxBytes = MAX_NAME_BYTES - utf8Length(mark) - utf8Length(extension);
  return `${shorten(stem, maxBytes)}${mark}${extension}`;
}

/** When a content was moved to versions/, by the name of its version. */
interface Moment {
  /** Milliseconds since 1970, whole seconds. */
  readonly replaced: number;
  /** Its number among the versions of one second. */
  readonly n: number;
}

/** @returns the time in the name of a version; null where it is no such name. */
export function momentOf(version: string): Moment | null {
  const { day, time, n } = MARKED.exec(version)?.groups ?? {};
  if (day === undefined || time === undefined) return null;
  const replaced = new Date(`${day}T${time.replaceAll('-', ':')}`).getTime();
  return Number.isFinite(replaced) ? { replaced, n: n === undefined ? 1 : Number(n) } : null;
}

/** @returns the name that the file of the version `version` has, as far as it was not too long; null for no such name. */
export function originalName(version: string): string | null {
  const { stem, extension = '' } = MARKED.exec(version)?.groups ?? {};
  return stem === undefined || stem === '' || momentOf(version) === null ? null : `${stem}${extension}`;
}

/** @returns whether `version` may be the name of a version of the file `name`. */
export function isVersionOf(version: string, name: string): boolean {
  const { stem, mark, extension = '' } = MARKED.exec(version)?.groups ?? {};
  const [stemOf, extensionOf] = splitName(name);
  if (stem === undefined || mark === undefined || extension !== extensionOf) return false;
  return stem === shorten(stemOf, MAX_NAME_BYTES - utf8Length(mark) - utf8Length(extension));
}
