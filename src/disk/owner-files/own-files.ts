// Owner files that Lockstep itself has put into a root: they are told from those of programs by what stands in them.
import fs from 'node:fs';
import { isOwnerFileName } from '../../core/owner-files/applications.js';
import { isOutwardNamed } from '../../core/owner-files/outward.js';
import { MAX_OWNER_FILE_BYTES } from '../../core/owner-files/owner.js';
import { nameOf, parentOf, type RelPath } from '../../core/path.js';
import type { Parents } from '../fs/parents.js';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
/** The errors after which a file may still be there. */
const KEPT: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'EBUSY', 'EIO', 'EMFILE', 'ENFILE', 'ENOMEM']);

/** @returns whether the file at `absolute` is one that Lockstep has written. */
export function isOurs(absolute: string): boolean {
  const name = absolute.slice(absolute.lastIndexOf('/') + 1);
  try {
    return isOwnerFileName(name) && isOutwardNamed(name, contentOf(absolute));
  } catch {
    return false;
  }
}

/** Removes the owner file at `path` unless a program has made it. @returns false where it may still be there. */
export function removeOurs(path: RelPath, parents: Parents): boolean {
  try {
    const absolute = parents.at(parentOf(path), nameOf(path));
    if (isOutwardNamed(nameOf(path), contentOf(absolute))) fs.unlinkSync(absolute);
    return true;
  } catch (error) {
    return !KEPT.has((error as NodeJS.ErrnoException).code ?? '');
  }
}

/**
 * @returns the beginning of the file at `absolute`, or where the link there points.
 * @throws the system's error.
 */
export function contentOf(absolute: string): Buffer {
  if (fs.lstatSync(absolute).isSymbolicLink()) return fs.readlinkSync(absolute, { encoding: 'buffer' });
  const fd = fs.openSync(absolute, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const content = Buffer.alloc(MAX_OWNER_FILE_BYTES);
    return content.subarray(0, fs.readSync(fd, content, 0, content.length, 0));
  } finally {
    fs.closeSync(fd);
  }
}
