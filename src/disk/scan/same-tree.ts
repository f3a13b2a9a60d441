// Whether a root still holds what was last seen in it. This distinguishes a root that lost its identity file from
// another directory that was created in its place.
import type { Snapshot } from '../../core/snapshot.js';
import { type FileSignature, sameSignature } from '../fs/signature.js';
import { statsAt } from './context.js';

/** How many files are compared at most. */
const MAX_FILES = 1_000;

/**
 * @param root absolute real path of the root.
 * @returns whether at least half of the files in `snapshot` are unchanged on disk; true where it has no files.
 */
export function isMostlyAsSeen(root: string, snapshot: Snapshot): boolean {
  let files = 0;
  let same = 0;
  for (const [path, node] of snapshot.walk()) {
    if (node.type !== 'file') continue;
    if (files === MAX_FILES) break;
    files++;
    const stats = statsAt(`${root}/${path}`);
    if (stats !== null && sameSignature(node as FileSignature, stats)) same++;
  }
  return same * 2 >= files;
}
