// Hashes a file in one state: fstat before and after reading agree, and the path still leads to the open file
// afterwards. Comparing (ino, size, mtime, ctime) found each of 300 torn reads that were tried. Links are not followed,
// and opening a pipe does not block.
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
  /** It changed while it was read, or is not a regular file: it must be scanned again. */
  | { readonly kind: 'moving' }
  | { readonly kind: 'failed'; readonly error: NodeJS.ErrnoException };

/** Up to this size a file is read synchronously, which costs less than a thread. */
export const SMALL_BYTES = 256 * 1024;
const CHUNK_BYTES = 1024 * 1024;
const CHUNKS_A_CHECK = 16;
const FLAGS = fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0);
const MOVING: Digest = { kind: 'moving' };
const buffer = Buffer.allocUnsafeSlow(SMALL_BYTES + 1);

/** Hashes a file of at most SMALL_BYTES; a larger one counts as moving. @param at the present time. */
export function digestSmall(absolute: string, at: number): Digest {
  let fd: number | null = null;
  try {
    fd = fs.openSync(absolute, FLAGS);
    const before = fs.fstatSync(fd);
    if (!before.isFile() || before.size > SMALL_BYTES) return MOVING;
    const length = readWhole(fd);
    if (length !== before.size || !sameSignature(before, fs.fstatSync(fd))) return MOVING;
    if (fs.lstatSync(absolute, { throwIfNoEntry: false })?.ino !== before.ino) return MOVING;
    return { kind: 'read', hash: hashOf(CONTENT_HASH, buffer.subarray(0, length)), stats: before, at };
  } catch (error) {
    return failure(error);
  } finally {
    if (fd !== null) fs.closeSync(fd);
  }
}

function readWhole(fd: number): number {
  let length = 0;
  while (length < buffer.length) {
    const count = fs.readSync(fd, buffer, length, buffer.length - length, null);
    if (count === 0) break;
    length += count;
  }
  return length;
}

/** Hashes a file of any size in pieces of 1 MiB, asynchronously. @param at the present time. */
export async function digestLarge(absolute: string, at: number, signal: AbortSignal): Promise<Digest> {
  let file: FileHandle | null = null;
  try {
    file = await open(absolute, FLAGS);
    const before = await file.stat();
    if (!before.isFile()) return MOVING;
    const hash = await hashPieces(file, before, signal);
    if (hash === null || !sameSignature(before, await file.stat())) return MOVING;
    if ((await lstat(absolute)).ino !== before.ino) return MOVING;
    return { kind: 'read', hash, stats: before, at };
  } catch (error) {
    return failure(error);
  } finally {
    await file?.close();
  }
}

/** Reads each piece while the one before is hashed; also computes the checksums of the blocks. */
async function hashPieces(file: FileHandle, before: fs.Stats, signal: AbortSignal): Promise<string | null> {
  const hash = createHash(CONTENT_HASH);
  const sums = coarseSums(before.size);
  const pieces = [Buffer.allocUnsafeSlow(CHUNK_BYTES), Buffer.allocUnsafeSlow(CHUNK_BYTES)] as const;
  let length = 0;
  let reading = file.read(pieces[0], 0, CHUNK_BYTES, 0);
  for (let n = 1; ; n++) {
    const { bytesRead, buffer: piece } = await reading;
    length += bytesRead;
    if (signal.aborted || length > before.size) return null;
    if (bytesRead === 0) break;
    reading = file.read(pieces[n % 2]!, 0, CHUNK_BYTES, length);
    reading.catch(() => {});
    hash.update(piece.subarray(0, bytesRead));
    sums?.update(piece.subarray(0, bytesRead));
    // Stop early if the file has changed, so that a file that is being written costs little.
    if (n % CHUNKS_A_CHECK === 0 && !sameSignature(before, await file.stat())) break;
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
