// Reads a range of a file in pieces of one size, into memory that is reused.

import fs from 'node:fs';
import { promisify } from 'node:util';
import type { Range } from '../../core/delta.js';
import type { Content } from '../../replica.js';

const readAsync = promisify(fs.read);

/** Bytes of a piece: the largest payload of a message. */
const PIECE_BYTES = 1 << 20;

/**
 * @returns the bytes in `range` of an open file of `size` bytes, as pieces of the `n`-th content. One piece is read
 *   ahead while the one before is being sent.
 * @throws ENOENT where the file is shorter than it was.
 */
export async function* readPieces(n: number, fd: number, range: Range, size: number): AsyncGenerator<Content> {
  const end = range.at + range.bytes;
  const free: Buffer[] = [];
  let next = readPiece(fd, range.at, end, free);
  try {
    for (let { at } = range; at < end; ) {
      const { whole, data } = await next;
      at += data.length;
      if (at < end) next = readPiece(fd, at, end, free);
      next.catch(() => {});
      yield { n, data, last: at === size, release: () => void free.push(whole) };
    }
  } finally {
    await next.catch(() => {});
  }
}

async function readPiece(fd: number, position: number, end: number, free: Buffer[]) {
  const bytes = Math.min(PIECE_BYTES, end - position);
  const whole = free.pop() ?? Buffer.allocUnsafeSlow(bytes);
  const { bytesRead } = await readAsync(fd, whole, 0, Math.min(bytes, whole.length), position);
  if (bytesRead === 0) throw Object.assign(new Error('the file is shorter than it was'), { code: 'ENOENT' });
  return { whole, data: whole.subarray(0, bytesRead) };
}
