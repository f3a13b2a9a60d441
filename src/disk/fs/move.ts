// Gives a file another name without replacing another file; copies it where the file system has no hard links.

import fs from 'node:fs';
import { refusesLinks } from '../../core/system-error.js';
import { copyDurably } from './copy-file.js';
import type { Identity } from './inode.js';
import { isSameInode, swapped } from './inode.js';

/**
 * Gives `from` the second name `to`, never over another file; copies it where the file system has no hard links.
 * @param expected the stats of `from`.
 * @returns the identity of `to`.
 * @throws the system's error; ESTALE where `from` is another file. Then there is no `to`.
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

/** Renames `from` to `to`, never over another file. On every file system, `to` appears complete. @throws EEXIST. */
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

/** Renames `from` to `to`. RACE: a file that appears at `to` between the two calls is replaced. @throws EEXIST. */
export function renameToFree(from: string, to: string): void {
  if (fs.lstatSync(to, { throwIfNoEntry: false }) !== undefined) {
    throw Object.assign(new Error(`${to} exists`), { code: 'EEXIST' });
  }
  fs.renameSync(from, to);
}
