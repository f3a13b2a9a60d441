// The last look before a write: is what stands there still what the decision saw?
import type { Entry } from '../../core/entry.js';
import { sameContent } from '../../core/entry.js';
import type { RelPath } from '../../core/path.js';
import { digestSmall, SMALL_BYTES } from '../fs/digest.js';
import { isSameInode } from '../fs/inode.js';
import { modeOf } from '../fs/signature.js';
import { isLinkTo } from '../fs/symlink.js';
import { type ScanContext, type Standing, standingAt } from './context.js';
import { isUnchanged } from './survey.js';

/**
 * @param absolute where to look; the caller has made sure that no link leads there.
 * @param standing what the system says of it, where the caller has asked already.
 * @returns whether `entry` stands there. A large file whose signature differs counts as changed: reading it would take
 *   long, and the next look will say what it is.
 */
export function verifyUnchanged(
  context: ScanContext,
  path: RelPath,
  entry: Entry | null,
  absolute: string,
  standing: Standing = standingAt(absolute),
): boolean {
  if (standing === null || standing instanceof Error || entry === null) return standing === null && entry === null;
  if (entry.type === 'dir') {
    return standing.isDirectory() && (context.directories.heldMode(path) ?? entry.mode) === modeOf(standing);
  }
  if (entry.type === 'symlink') {
    return standing.isSymbolicLink() && isLinkTo(absolute, entry.target);
  }
  if (!standing.isFile()) return false;
  const node = context.snapshot.get(path);
  if (node?.type === 'file' && isUnchanged(standing, node)) return sameContent(node, entry);
  if (standing.size !== entry.size || standing.size > SMALL_BYTES) return false;
  const digest = digestSmall(absolute, context.now());
  return digest.kind === 'read' && digest.hash === entry.hash && isSameInode(digest.stats, standing);
}
