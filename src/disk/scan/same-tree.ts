// Whether a root still holds what was last seen in it: the way to tell one that has lost its identity from another one that
// was made anew in its place.
import type { Snapshot } from '../../core/snapshot.js';
import { type FileSignature, sameSignature } from '../fs/signature.js';
import { statsAt } from './context.js';

/** As many files as are looked at. */
const MAX_FILES = 1_000;

/**
 * @param root absolute real path of the root.
 * @returns whether at least half of the files that were seen stand there unchanged; of no files: true.
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
