// The last check before a write: is the path still what the decision was based on?
import type { Entry } from '../../core/entry.js';
import { sameContent } from '../../core/entry.js';
import type { RelPath } from '../../core/path.js';
import { digestSmall, SMALL_BYTES } from '../fs/digest.js';
import { isSameInode } from '../fs/inode.js';
import { modeOf } from '../fs/signature.js';
import { isLinkTo } from '../fs/symlink.js';
import { type LstatResult, lstatAt, type ScanContext } from './context.js';
import { isUnchanged } from './survey.js';

/**
 * @param absolute where to look; the caller has made sure that no link leads there.
 * @param lstat what lstat says, where the caller knows it already.
 * @returns whether `entry` is there. A large file whose signature differs counts as changed: reading it would take
 *   long, and the next scan finds out what it is.
 */
export function verifyUnchanged(
  context: ScanContext,
  path: RelPath,
  entry: Entry | null,
  absolute: string,
  lstat: LstatResult = lstatAt(absolute),
): boolean {
  if (lstat === null || lstat instanceof Error || entry === null) return lstat === null && entry === null;
  if (entry.type === 'dir') {
    return lstat.isDirectory() && (context.directories.heldMode(path) ?? entry.mode) === modeOf(lstat);
  }
  if (entry.type === 'symlink') {
    return lstat.isSymbolicLink() && isLinkTo(absolute, entry.target);
  }
  if (!lstat.isFile()) return false;
  const node = context.snapshot.get(path);
  if (isUnchanged(lstat, node)) return sameContent(node, entry);
  if (lstat.size !== entry.size || lstat.size > SMALL_BYTES) return false;
  const digest = digestSmall(absolute, context.now());
  return digest.kind === 'read' && digest.hash === entry.hash && isSameInode(digest.stats, lstat);
}
