// The folder guarantees: a content is read for the other side without following a link, and nothing is sent that the
// receiver has already. A file that changes while it is read is found by the receiver's hash, at the latest; one that
// is shorter than announced, before. This file sends files in order, in pieces.

import fs from 'node:fs';
import { nameOf, parentOf } from '../../core/path.js';
import type { Content, Wanted } from '../../replica.js';
import type { Root } from '../fs/parents.js';
import { Parents } from '../fs/parents.js';
import { readOutcomeOf } from '../fs/system-errors.js';
import { readDifference } from './delta.js';
import { readPieces } from './pieces.js';

/** The largest file that is read synchronously, as one piece. */
const WHOLE_BYTES = 512 << 10;
/** Files after which other work may run. */
const TURN_FILES = 32;

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

/**
 * @param root their root, or its absolute real path.
 * @returns the contents of `wanted`, one after the other.
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
 * @param locate returns the path; may throw the system's error.
 * @param size the announced size in bytes.
 * @param read reads the open file, where only a part is sent; by default all of it is.
 * @returns the `n`-th content of an apply; an error of the system is its last piece.
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
    // A log may have grown since it was scanned; its beginning is still the announced content.
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
