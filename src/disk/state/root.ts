// Opens a root and checks at every scan that it is still the same directory. A root that was unmounted, removed or
// replaced must never be taken for one whose files were deleted.

import * as fs from 'node:fs';
import { SyncError } from '../../core/errors.js';
import { quote, STATE_DIR } from '../../core/path.js';
import { shellWord } from '../../core/shell-word.js';
import { systemTrouble } from '../../core/system-error.js';
import type { Root } from '../fs/parents.js';
import { identityFile, readIdentity } from './identity.js';

interface RootFault {
  readonly code: 'root-missing' | 'root-replaced';
  readonly message: string;
}

/**
 * @param dir the directory as the user wrote it.
 * @throws SyncError `usage` where it is missing, is no directory, or cannot be read.
 */
export function openRoot(dir: string): Root {
  try {
    const path = fs.realpathSync(dir);
    const stats = fs.statSync(path);
    if (!stats.isDirectory()) throw refusal(dir, 'it is not a directory', 'Name a directory with --dir.');
    fs.accessSync(path, fs.constants.R_OK | fs.constants.X_OK);
    return { path, dev: stats.dev, ino: stats.ino };
  } catch (error) {
    throw error instanceof SyncError ? error : refusalOf(dir, error as NodeJS.ErrnoException);
  }
}

/** @returns why `root` is no longer the directory that was opened; null where it still is. */
export function rootFault(root: Root): RootFault | null {
  let stats: fs.Stats | undefined;
  try {
    stats = fs.lstatSync(root.path, { throwIfNoEntry: false });
  } catch (error) {
    return missing(root, `cannot be reached (${(error as NodeJS.ErrnoException).code})`);
  }
  if (stats === undefined) return missing(root, 'is gone');
  if (stats.isDirectory() && stats.dev === root.dev && stats.ino === root.ino) return idFault(root);
  return replaced(root, 'is not the directory any more that was being synchronised (is a disk not mounted?)');
}

/** The same inode number is not enough: the directory may have been removed and made again. */
function idFault(root: Root): RootFault | null {
  try {
    if (root.id === undefined || readIdentity(identityFile(root.path)) === root.id) return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') return missing(root, `cannot be reached (${code})`);
  }
  return replaced(root, `has lost its ${STATE_DIR} directory, or has that of another one: it was made anew`);
}

const replaced = (root: Root, how: string): RootFault => ({
  code: 'root-replaced',
  message:
    `${root.path} ${how}. Nothing is touched until it is back; to synchronise what is there now, start the server ` +
    'again.',
});

const missing = (root: Root, how: string): RootFault => ({
  code: 'root-missing',
  message: `${root.path} ${how}. Nothing is touched; synchronisation goes on when the same directory is back.`,
});

function refusalOf(dir: string, error: NodeJS.ErrnoException): SyncError {
  const elsewhere = 'or name another with --dir.';
  if (error.code === 'ENOENT')
    return refusal(dir, 'it does not exist', `Create it with mkdir -p ${shellWord(dir)}, ${elsewhere}`, error);
  if (error.code === 'ENOTDIR') return refusal(dir, 'it is not a directory', 'Name a directory with --dir.', error);
  const denied = error.code === 'EACCES' || error.code === 'EPERM';
  const why = denied ? 'it may not be read' : `it cannot be read (${systemTrouble(error).why})`;
  return refusal(dir, why, `Give yourself access with chmod u+rwx ${shellWord(dir)}, ${elsewhere}`, error);
}

function refusal(dir: string, why: string, hint: string, cause?: unknown): SyncError {
  return new SyncError('usage', `The directory ${quote(dir)} cannot be synchronised: ${why}.`, { hint, cause });
}
