// Checksums of blocks, for finding what two states of a file have in common (the signature of rsync): two words for
// each block, the CRC-32 of its first half and that of the whole. A received content is verified by its hash, so a
// wrong match costs a transfer and nothing else. CRC-32 is native code (6 GB/s measured) and can be rolled (see
// `rolling-crc`). The checksums of a file are cached by the hash of its content when it is read, so that it is not read
// for them again.
import fs from 'node:fs';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { coarseBlockBytes, countBlocks, isBasisSize, type Range, WORDS_A_BLOCK } from '../../core/delta.js';

const readAsync = promisify(fs.read);
const READ_BYTES = 1 << 20;
/** The size of the cache: enough for 256 GiB in files of a gigabyte. */
const REMEMBERED_BYTES = 8 << 20;

/** Computes the checksums of the whole blocks of a content that comes piece by piece. */
class BlockSums {
  readonly words: Uint32Array;
  readonly #halfBytes: number;
  #filled = 0;
  #crc = 0;
  #next = 0;

  /** @param bytes the length of the content. */
  constructor(
    readonly blockBytes: number,
    bytes: number,
  ) {
    this.#halfBytes = blockBytes / 2;
    this.words = new Uint32Array(Math.floor(bytes / blockBytes) * WORDS_A_BLOCK);
  }

  update(data: Buffer): void {
    for (let at = 0; at < data.length; ) {
      const bytes = Math.min(this.#halfBytes - this.#filled, data.length - at);
      this.#crc = crc32(data.subarray(at, at + bytes), this.#crc);
      this.#filled += bytes;
      at += bytes;
      if (this.#filled === this.#halfBytes) this.#endHalf();
    }
  }

  #endHalf(): void {
    this.#filled = 0;
    if (this.#next < this.words.length) this.words[this.#next] = this.#crc;
    if (this.#next++ % WORDS_A_BLOCK === 1) this.#crc = 0;
  }
}

/** @returns an object for the coarse checksums of a content of `size` bytes; null where they are never needed. */
export const coarseSums = (size: number): BlockSums | null =>
  isBasisSize(size) ? new BlockSums(coarseBlockBytes(size), size) : null;

const remembered = new Map<string, BlockSums>();
let rememberedBytes = 0;

/** Caches the coarse checksums of the content with this hash; the least recently used leave the cache first. */
export function rememberSums(hash: string, sums: BlockSums): void {
  forgetSums(hash);
  remembered.set(hash, sums);
  rememberedBytes += sums.words.byteLength;
  for (const oldest of remembered.keys()) {
    if (rememberedBytes <= REMEMBERED_BYTES) return;
    forgetSums(oldest);
  }
}

/** @returns the cached checksums of the content with this hash in blocks of this size; null where there are none. */
export function recallSums(hash: string, blockBytes: number): Uint32Array | null {
  const sums = remembered.get(hash);
  if (sums === undefined) return null;
  remembered.delete(hash);
  remembered.set(hash, sums);
  return sums.blockBytes === blockBytes ? sums.words : null;
}

function forgetSums(hash: string): void {
  rememberedBytes -= remembered.get(hash)?.words.byteLength ?? 0;
  remembered.delete(hash);
}

/** @returns the checksums of the whole blocks in `ranges` of an open file; null where it is too short. */
export async function readSums(fd: number, blockBytes: number, ranges: readonly Range[]): Promise<Uint32Array | null> {
  const words = new Uint32Array(countBlocks(ranges, blockBytes) * WORDS_A_BLOCK);
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  let next = 0;
  for (const { at, bytes } of ranges) {
    const sums = new BlockSums(blockBytes, bytes);
    const end = at + bytes - (bytes % blockBytes);
    for (let position = at; position < end; ) {
      const { bytesRead } = await readAsync(fd, buffer, 0, Math.min(READ_BYTES, end - position), position);
      if (bytesRead === 0) return null;
      sums.update(buffer.subarray(0, bytesRead));
      position += bytesRead;
    }
    words.set(sums.words, next);
    next += sums.words.length;
  }
  return words;
}
