// Relative paths. A path from outside is parsed once and is a RelPath from then on. No spelling of a RelPath leads out
// of its root (links are checked by the disk), and the order of paths is the same on every machine.
import { SyncError } from './errors.js';

declare const relPath: unique symbol;

/** A relative path with `/` between its names: no empty name, no `.`, no `..`, no NUL, no `.lockstep`. */
export type RelPath = string & { readonly [relPath]: true };

/** One of the two sides of a pair. */
export type Side = 'a' | 'b';

/** The name of Lockstep's own directory in a root; no RelPath contains it. */
export const STATE_DIR = '.lockstep';

/** The limits of file systems, in UTF-8 bytes. */
export const MAX_NAME_BYTES = 255;
export const MAX_PATH_BYTES = 4095;

/** @returns the other side. */
export const otherSide = (side: Side): Side => (side === 'a' ? 'b' : 'a');

/**
 * Parses a path that came from outside: from a message, a command line or a directory listing.
 * @throws SyncError `bad-path`, saying what is wrong with it.
 */
export function parsePath(text: unknown): RelPath {
  const fault = typeof text === 'string' ? pathFault(text) : 'it is not text';
  if (fault !== null) {
    throw new SyncError('bad-path', `${quote(text)} is not a path in the pair: ${fault}.`, {
      hint: 'Name a file by its path below the root, such as docs/plan.txt.',
    });
  }
  return text as RelPath;
}

/** @returns why `text` is not a RelPath; null where it is one. */
export function pathFault(text: string): string | null {
  if (text === '') return 'it is empty';
  if (!text.isWellFormed()) return 'it is not valid Unicode';
  if (text.includes('\0')) return 'it contains a NUL';
  if (utf8Length(text) > MAX_PATH_BYTES) return `it is longer than ${MAX_PATH_BYTES} bytes`;
  return slashFault(text.replaceAll('\\', '/')) ?? nameFault(text);
}

/** Checks `text` again with its backslashes replaced by slashes, because some programs read it so. */
function slashFault(text: string): string | null {
  if (text.startsWith('/')) return 'it is absolute';
  for (const name of text.split('/')) {
    if (name === '..') return 'it contains ".."';
    if (name === STATE_DIR) return `${STATE_DIR} is Lockstep's own`;
  }
  return null;
}

function nameFault(text: string): string | null {
  for (const name of text.split('/')) {
    if (name === '') return 'it has an empty name in it';
    if (name === '.') return 'it contains a lone .';
    if (utf8Length(name) > MAX_NAME_BYTES) return `a name in it is longer than ${MAX_NAME_BYTES} bytes`;
  }
  return null;
}

/** @returns the directory that holds `path`, `''` for the root. */
export function parentOf(path: RelPath): RelPath | '' {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : (path.slice(0, slash) as RelPath);
}

/** @returns the last name of `path`. */
export function nameOf(path: RelPath): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** @returns the path of `name` in `parent`. Both must be valid; nothing is checked. */
export function joinPath(parent: RelPath | '', name: string): RelPath {
  return (parent === '' ? name : `${parent}/${name}`) as RelPath;
}

/** @returns whether `path` is `above` or lies below it; everything lies below `''`. */
export function isAtOrBelow(path: string, above: string): boolean {
  return above === '' || path === above || path.startsWith(`${above}/`);
}

/** @returns whether `is` is true for `path` or for a directory above it; the root is not tested. */
export function someAtOrAbove(path: RelPath, is: (path: RelPath) => boolean): boolean {
  for (let at: RelPath | '' = path; at !== ''; at = parentOf(at)) if (is(at)) return true;
  return false;
}

/**
 * Compares two paths by their UTF-8 bytes. The order of UTF-16 units is the same except where surrogates meet units
 * above them, so the ranks of those are exchanged (ICU's fix-up for code point order).
 * @returns negative, zero or positive, as `sort` needs it.
 */
export function comparePaths(x: string, y: string): number {
  const length = Math.min(x.length, y.length);
  for (let i = 0; i < length; i++) {
    const c = x.charCodeAt(i);
    const d = y.charCodeAt(i);
    if (c !== d) return codePointRank(c) - codePointRank(d);
  }
  return x.length - y.length;
}

const codePointRank = (unit: number): number => (unit < 0xd800 ? unit : unit >= 0xe000 ? unit - 0x800 : unit + 0x2000);

/** @returns the length of `text` in UTF-8, in bytes. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2;
  }
  return bytes;
}

/** @returns `text` in quotes for a message, shortened, with control characters escaped. */
export function quote(text: unknown): string {
  const shown = typeof text === 'string' ? text : typeof text;
  return `"${escapeControls(shown.length > 120 ? `${shown.slice(0, 117).toWellFormed()}...` : shown)}"`;
}

/**
 * Escapes control and direction characters, so that no file name can control a terminal (Mutagen's
 * NeutralizeControlCharacters).
 */
export function escapeControls(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, (c) =>
    c === '\n'
      ? '\\n'
      : c === '\t'
        ? '\\t'
        : c === '\r'
          ? '\\r'
          : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
