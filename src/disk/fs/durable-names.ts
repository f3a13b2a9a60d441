// Flushes the names in directories after a crash of the server. A killed server may have renamed a file into place
// without flushing the directory. The next scan would report the name; a later power cut would remove it, and its
// absence would be taken for a deletion. So names are flushed before the first report.

import type { RelPath } from '../../core/path.js';
import type { Root } from './parents.js';
import { Parents } from './parents.js';

/** The errors of a directory that is gone or not accessible: it has no name to keep. */
const GONE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'EPERM']);

/**
 * Makes the names in `directories` durable. For an unchanged directory that costs almost nothing.
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
