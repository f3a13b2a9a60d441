// Gives a file another name without replacing anything, and copies it where the file system allows no second name.

import fs from 'node:fs';
import { refusesLinks } from '../../core/system-error.js';
import { copyDurably } from './copy-file.js';
import type { Identity } from './inode.js';
import { isSameInode, swapped } from './inode.js';

/**
 * Gives `from` the second name `to`, never over another file; a copy where the system allows no second name.
 * @param expected the file or link that `from` is.
 * @returns what has the name `to`.
 * @throws ESTALE where `from` is another one; then there is no `to`.
 */
export function linkOrCopy(from: string, to: string, expected: fs.Stats): Identity {
  try {
    fs.linkSync(from, to);
  } catch (error) {
    if (!refusesLinks(error)) throw error;
    return copyDurably(from, to, expected);
  }
  const made = fs.lstatSync(to);
  if (isSameInode(made, expected)) return made;
  fs.unlinkSync(to);
  throw swapped(from);
}

/** Renames `from` to `to`, never over another file. Whatever the file system, `to` is never seen half written. */
export function moveWithoutReplacing(from: string, to: string): void {
  try {
    fs.linkSync(from, to);
  } catch (error) {
    if (!refusesLinks(error)) throw error;
    renameToFree(from, to);
    return;
  }
  fs.unlinkSync(from);
}

/** RACE: what appears at `to` between the two calls is replaced. */
export function renameToFree(from: string, to: string): void {
  if (fs.lstatSync(to, { throwIfNoEntry: false }) !== undefined) {
    throw Object.assign(new Error(`${to} exists`), { code: 'EEXIST' });
  }
  fs.renameSync(from, to);
}
