// The path of a file in an address: decoded once, and parsed like every path from outside.
import { SyncError } from '../core/errors.js';
import { parsePath, type RelPath } from '../core/path.js';

const PREFIX = '/files/';

/** @throws SyncError `bad-path`. */
export function filePath(path: string): RelPath {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path.slice(PREFIX.length));
  } catch {
    throw new SyncError('bad-path', 'The path is not encoded as addresses are.', {
      hint: 'Encode each name of it as UTF-8 with percent signs.',
    });
  }
  return parsePath(decoded);
}
