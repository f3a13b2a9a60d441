// The parts of a file name, and the time stamps in the names of conflict copies and versions.
import { utf8Length } from './path.js';

/** @returns `date` in local time, as the name of a conflict copy shows it: `2026-11-21 14-03-22`. */
export function stampOf(date: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}-${two(date.getMinutes())}-${two(date.getSeconds())}`;
}

/** @returns the stem, and the extension with its dot; a dot at the start does not begin an extension. */
export function splitName(name: string): [stem: string, extension: string] {
  const dot = name.lastIndexOf('.');
  return dot <= 0 || name.length - dot > 20 ? [name, ''] : [name.slice(0, dot), name.slice(dot)];
}

/** @returns the longest beginning of `stem` that takes at most `bytes` of UTF-8, without cutting a character. */
export function shorten(stem: string, bytes: number): string {
  let short = stem;
  while (utf8Length(short) > bytes) short = short.slice(0, short.codePointAt(short.length - 2)! > 0xffff ? -2 : -1);
  return short;
}
