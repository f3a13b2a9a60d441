// Hard links: a write through one name changes the file under all its names, but only the watch of that one name
// reports it. The other names are found by their inode in the snapshot.
import type { RelPath } from '../../core/path.js';
import type { Snapshot } from '../../core/snapshot.js';
import type { FileSignature } from '../fs/signature.js';

/** @returns the paths in `snapshot` whose files have one of the `inodes`. */
export function namesOf(snapshot: Snapshot, inodes: ReadonlySet<number>): RelPath[] {
  const names: RelPath[] = [];
  for (const [path, node] of snapshot.walk()) {
    if (node.type === 'file' && inodes.has((node as FileSignature).ino)) names.push(path);
  }
  return names;
}
