// A server that was killed may have renamed a file into place and not flushed its directory any more. The name is there
// for everybody to see, and whoever is told of it believes that it stays; a power cut would take it back, and its absence
// would pass for a deletion. So the names are flushed before the first of them is told.

import type { RelPath } from '../../core/path.js';
import type { Root } from './parents.js';
import { Parents } from './parents.js';

/** What became of a directory since it was seen; then there is no name in it to keep. */
const GONE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'EPERM']);

/**
 * Makes the names in `directories` durable. Those that nothing was done in cost next to nothing.
 * @param root absolute real path of the root.
 * @throws the system's error where the disk fails.
 */
export async function makeNamesDurable(root: string | Root, directories: Iterable<RelPath | ''>): Promise<void> {
  const parents = new Parents(root);
  try {
    for (const directory of directories) {
      parents.trim();
      try {
        await parents.sync(directory);
      } catch (error) {
        if (!GONE.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
      }
    }
  } finally {
    parents.close();
  }
}
