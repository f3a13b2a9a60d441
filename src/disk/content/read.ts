// Contents on their way out: files in order, in pieces. The reader opens what it was asked for without following links
// and gives up early when there is less than was announced; the receiver's hash has the last word.

import fs from 'node:fs';
import { nameOf, parentOf } from '../../core/path.js';
import type { Content, Wanted } from '../../replica.js';
import type { Root } from '../fs/parents.js';
import { Parents } from '../fs/parents.js';
import { readOutcomeOf } from '../fs/system-errors.js';
import { readDifference } from './delta.js';
import { readPieces } from './pieces.js';

/** The largest file that is read in one step. */
const WHOLE_BYTES = 512 << 10;
/** Files read before other work gets its turn. */
const TURN_FILES = 32;

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

/**
 * The contents of `wanted`, one after the other.
 * @param root absolute real path of the root they are in.
 */
export async function* readContents(root: string | Root, wanted: readonly Wanted[]): AsyncGenerator<Content> {
  const parents = new Parents(root);
  try {
    for (const [n, { path, file, offer }] of wanted.entries()) {
      if (n % TURN_FILES === TURN_FILES - 1) await new Promise((resolve) => setImmediate(resolve));
      parents.trim();
      const compare = offer === undefined ? undefined : (fd: number) => readDifference(n, fd, file, offer);
      yield* readContent(n, () => parents.at(parentOf(path), nameOf(path)), file.size, compare);
    }
  } finally {
    parents.close();
  }
}

/**
 * The content of one file.
 * @param locate may throw the system's error.
 * @param read gives the content of the open file, where not all of it is to be sent.
 */
export async function* readContent(
  n: number,
  locate: () => string,
  size: number,
  read?: (fd: number) => AsyncIterable<Content>,
): AsyncGenerator<Content> {
  let fd = -1;
  try {
    fd = fs.openSync(locate(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const stats = fs.fstatSync(fd);
    // A log has grown since it was looked at; what it had then is still its beginning, and goes over.
    if (!stats.isFile() || stats.size < size) yield { n, failed: { kind: 'stale' } };
    else if (read !== undefined) yield* read(fd);
    else if (size <= WHOLE_BYTES) yield readWhole(n, fd, size);
    else yield* readPieces(n, fd, { at: 0, bytes: size }, size);
  } catch (error) {
    yield { n, failed: readOutcomeOf(error) };
  } finally {
    if (fd >= 0) fs.closeSync(fd);
  }
}

function readWhole(n: number, fd: number, size: number): Content {
  const data = Buffer.allocUnsafe(size);
  let at = 0;
  while (at < size) {
    const bytes = fs.readSync(fd, data, at, size - at, at);
    if (bytes === 0) return { n, failed: { kind: 'stale' } };
    at += bytes;
  }
  return { n, data, last: true };
}
