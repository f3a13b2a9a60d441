// The parts of a file name, and names that carry a time: what conflict copies and versions are called.
import { utf8Length } from './path.js';

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
