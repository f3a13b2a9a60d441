// The folder guarantees: a content is read for the other side without following a link, and nothing is sent that the
// receiver has already. A file that changes while it is read is found by the receiver's hash, at the latest; one that
// is shorter than announced, before. This file sends files in order, in pieces.

import fs from 'node:fs';
import { nameOf, parentOf } from '../../core/path.js';
import type { Content, JoinedContents, Wanted } from '../../replica.js';
import type { Root } from '../fs/parents.js';
import { Parents } from '../fs/parents.js';
import { readOutcomeOf } from '../fs/system-errors.js';
import { readDifference } from './delta.js';
import { readPieces } from './pieces.js';

/** The largest file that is read synchronously, as one piece. */
const WHOLE_BYTES = 512 << 10;
/** Files after which other work may run. */
const TURN_FILES = 32;
/** Contents that are joined: so many, or until they have so many bytes. */
const JOINED_FILES = 64;
const JOINED_BYTES = 256 << 10;

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

/** As `readContents`, with small contents joined. */
export async function* readJoined(
  root: string | Root,
  wanted: readonly Wanted[],
): AsyncGenerator<Content | JoinedContents> {
  const parents = new Parents(root);
  try {
    for (let n = 0; n < wanted.length; ) {
      await new Promise((resolve) => setImmediate(resolve));
      const small = countSmall(wanted, n);
      if (small > 1) {
        const contents = parents.together(() => join(parents, wanted, n, small));
        if (contents.sizes.length > 0) yield contents;
        n += contents.sizes.length;
        if (contents.sizes.length === small) continue;
      }
      const { path, file, offer } = wanted[n]!;
      parents.trim();
      const compare = offer === undefined ? undefined : (fd: number) => readDifference(n, fd, file, offer);
      yield* readContent(n, () => parents.at(parentOf(path), nameOf(path)), file.size, compare);
      n++;
    }
  } finally {
    parents.close();
  }
}

/** @returns how many contents from the `n`-th on can be joined. */
function countSmall(wanted: readonly Wanted[], n: number): number {
  let count = 0;
  for (let bytes = 0; n + count < wanted.length && count < JOINED_FILES; count++) {
    const { file, offer } = wanted[n + count]!;
    bytes += file.size;
    if (offer !== undefined || bytes > JOINED_BYTES) break;
  }
  return count;
}

/** @returns the next `count` contents, or those before the first one that cannot be read as announced. */
function join(parents: Parents, wanted: readonly Wanted[], n: number, count: number): JoinedContents {
  const some = wanted.slice(n, n + count);
  const joined = Buffer.allocUnsafeSlow(some.reduce((bytes, { file }) => bytes + file.size, 0));
  const sizes: number[] = [];
  let at = 0;
  for (const { path, file } of some) {
    parents.trim();
    const content = joined.subarray(at, at + file.size);
    if (!readInto(content, () => parents.at(parentOf(path), nameOf(path)))) break;
    sizes.push(file.size);
    at += file.size;
  }
  return { n, sizes, joined: joined.subarray(0, at) };
}

/** @returns whether the file at the path has `data.length` bytes or more, and can be read. */
function readInto(data: Buffer, locate: () => string): boolean {
  let fd = -1;
  try {
    fd = fs.openSync(locate(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    return fs.fstatSync(fd).isFile() && isRead(fd, data);
  } catch {
    return false; // it is read again by itself, which tells why
  } finally {
    if (fd >= 0) fs.closeSync(fd);
  }
}

/** Reads the beginning of an open file. @returns false where it is shorter than `data`. */
function isRead(fd: number, data: Buffer): boolean {
  for (let at = 0; at < data.length; ) {
    const bytes = fs.readSync(fd, data, at, data.length - at, at);
    if (bytes === 0) return false;
    at += bytes;
  }
  return true;
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
  return isRead(fd, data) ? { n, data, last: true } : { n, failed: { kind: 'stale' } };
}
