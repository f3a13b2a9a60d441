// Files with several names: what is written through one of them is written to all, and only the directory of that one
// says so. The other names are found by their inode among all that was seen.
import type { RelPath } from '../../core/path.js';
import type { Snapshot } from '../../core/snapshot.js';
import type { FileSignature } from '../fs/signature.js';

/** @returns the paths that were last seen to be one of the files `inodes`. */
export function namesOf(snapshot: Snapshot, inodes: ReadonlySet<number>): RelPath[] {
  const names: RelPath[] = [];
  for (const [path, node] of snapshot.walk()) {
    if (node.type === 'file' && inodes.has((node as FileSignature).ino)) names.push(path);
  }
  return names;
}
