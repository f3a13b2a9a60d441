// Hashes a file in one state: fstat before and after reading agree, and the path still leads to the open file
// afterwards. Comparing (ino, size, mtime, ctime) found each of 300 torn reads that were tried. Where a file changes too
// fast for that, two readings agree. Links are not followed, and opening a pipe does not block.
import { createHash, hash as hashOf } from 'node:crypto';
import * as fs from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { CONTENT_HASH } from '../../core/entry.js';
import { coarseSums, rememberSums } from './block-sums.js';
import { sameSignature } from './signature.js';

/** The result of reading a file. */
export type Digest =
  /** `stats` belong to the content; `at` is when reading began, milliseconds since 1970. */
  | { readonly kind: 'read'; readonly hash: string; readonly stats: fs.Stats; readonly at: number }
  /** It changes all the time: `hash` is of its first `stats.size` bytes, as they were at one moment. */
  | { readonly kind: 'beginning'; readonly hash: string; readonly stats: fs.Stats; readonly at: number }
  /** It changed while it was read, or is not a regular file: it must be scanned again. */
  | { readonly kind: 'moving' }
  | { readonly kind: 'failed'; readonly error: NodeJS.ErrnoException };

/** Up to this size a file is read synchronously, which costs less than a thread. */
export const SMALL_BYTES = 256 * 1024;
const CHUNK_BYTES = 1024 * 1024;
const CHUNKS_A_CHECK = 16;
/** Of larger files no beginning is read: a film that is being copied would be read and sent again and again. */
const MAX_BEGINNING_BYTES = 64 * 1024 * 1024;
const FLAGS = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;
const MOVING: Digest = { kind: 'moving' };
const buffer = Buffer.allocUnsafeSlow(SMALL_BYTES + 1);

/** Hashes a file of at most SMALL_BYTES; a larger one counts as moving. @param at the present time. */
export function digestSmall(absolute: string, at: number): Digest {
  let fd: number | null = null;
  try {
    fd = fs.openSync(absolute, FLAGS);
    const before = fs.fstatSync(fd);
    if (!before.isFile() || before.size > SMALL_BYTES) return MOVING;
    const length = readWhole(fd, before.size);
    if (length !== before.size || !sameSignature(before, fs.fstatSync(fd))) return MOVING;
    if (fs.lstatSync(absolute, { throwIfNoEntry: false })?.ino !== before.ino) return MOVING;
    return { kind: 'read', hash: hashOf(CONTENT_HASH, buffer.subarray(0, length)), stats: before, at };
  } catch (error) {
    return failure(error);
  } finally {
    if (fd !== null) fs.closeSync(fd);
  }
}

/** Reads until there are `size` bytes, or the file ends. @returns how many were read; more where the file has grown. */
function readWhole(fd: number, size: number): number {
  let length = 0;
  while (length < size) {
    const count = fs.readSync(fd, buffer, length, buffer.length - length, null);
    if (count === 0) break;
    length += count;
  }
  return length;
}

/**
 * Hashes a file of any size in pieces of 1 MiB, asynchronously.
 * @param at the present time.
 * @param isOverdue whether the beginning will do where a file changes faster than it can be read, like a log.
 */
export async function digestLarge(
  absolute: string,
  at: number,
  signal: AbortSignal,
  isOverdue = false,
): Promise<Digest> {
  let file: FileHandle | null = null;
  try {
    file = await open(absolute, FLAGS);
    const before = await file.stat();
    if (!before.isFile()) return MOVING;
    const mayGrow = isOverdue && before.size <= MAX_BEGINNING_BYTES;
    const hash = await hashPieces(file, before, mayGrow, signal);
    if (hash === null) return MOVING;
    const isSame = sameSignature(before, await file.stat());
    // Two equal readings, one after the other: that was the content at the moment between them.
    if (!isSame && !(mayGrow && (await hashPieces(file, before, true, signal)) === hash)) return MOVING;
    if ((await lstat(absolute)).ino !== before.ino) return MOVING;
    return { kind: isSame ? 'read' : 'beginning', hash, stats: before, at };
  } catch (error) {
    return failure(error);
  } finally {
    await file?.close();
  }
}

/**
 * Reads each piece while the one before is hashed; also computes the checksums of the blocks.
 * @param mayGrow whether to go on where the file changes.
 * @returns the hash of the first `before.size` bytes; null where there are less, or where it stopped early.
 */
async function hashPieces(
  file: FileHandle,
  before: fs.Stats,
  mayGrow: boolean,
  signal: AbortSignal,
): Promise<string | null> {
  const hash = createHash(CONTENT_HASH);
  const sums = coarseSums(before.size);
  const pieces = [Buffer.allocUnsafeSlow(CHUNK_BYTES), Buffer.allocUnsafeSlow(CHUNK_BYTES)] as const;
  const read = (n: number, at: number) => file.read(pieces[n % 2]!, 0, Math.min(CHUNK_BYTES, before.size - at), at);
  let length = 0;
  let reading = read(0, 0);
  for (let n = 1; ; n++) {
    const { bytesRead, buffer: piece } = await reading;
    length += bytesRead;
    if (signal.aborted) return null;
    if (bytesRead === 0) break;
    reading = read(n, length);
    reading.catch(() => {});
    hash.update(piece.subarray(0, bytesRead));
    sums?.update(piece.subarray(0, bytesRead));
    // Stop early if the file has changed, so that a file that is being written costs little.
    if (!mayGrow && n % CHUNKS_A_CHECK === 0 && !sameSignature(before, await file.stat())) break;
  }
  await reading.catch(() => {});
  if (length !== before.size) return null;
  const digest = hash.digest('hex');
  if (sums !== null) rememberSums(digest, sums);
  return digest;
}

function failure(error: unknown): Digest {
  const { code } = error as NodeJS.ErrnoException;
  const changed = code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP' || code === 'ENXIO';
  return changed ? MOVING : { kind: 'failed', error: error as NodeJS.ErrnoException };
}
