// Block sizes and ranges for transferring only the changed parts of a file. The sums of the blocks take bounded memory,
// whatever the size of the file.
import { type Change, contentOf } from './change.js';

/** A range of bytes in a file. */
export interface Range {
  readonly at: number;
  readonly bytes: number;
}

/** Smaller files, in bytes, are transferred whole: a comparison would cost as much as it saves. */
const DELTA_BYTES = 1 << 20;
/** The transfer of files from this size on, in bytes, is resumed after an interruption. */
export const RESUMED_BYTES = 4 << 20;
/** The most blocks in one answer; their sums are one payload. */
export const MAX_BLOCKS = 1 << 17;
export const WORDS_A_BLOCK = 2;
/** The most ranges in one request. */
export const MAX_RANGES = 1 << 13;
export const MIN_BLOCK_BYTES = 1 << 10;
export const MAX_BLOCK_BYTES = 1 << 22;
const MAX_BASIS_BYTES = MAX_BLOCKS * MAX_BLOCK_BYTES;

/** @returns whether to ask the receiver which parts of the content of `change` it already has. */
export function isWorthAsking(change: Change): boolean {
  const size = contentOf(change)?.size ?? 0;
  const { before } = change;
  return size >= RESUMED_BYTES || (size >= DELTA_BYTES && before?.type === 'file' && isBasisSize(before.size));
}

/** @returns whether a file of `size` bytes can serve as a basis file. */
export const isBasisSize = (size: number): boolean => size >= DELTA_BYTES && size <= MAX_BASIS_BYTES;

/**
 * The block size of the first, coarse comparison: about eight times the square root of `size`, so that a gigabyte has
 * 4,096 blocks. It is a power of two and doubles with every fourth doubling of the size, so that files of similar size
 * have the same block size.
 * @returns bytes.
 */
export function coarseBlockBytes(size: number): number {
  const wanted = 8 * Math.sqrt(size);
  let bytes = 8 * MIN_BLOCK_BYTES;
  while (bytes < wanted && bytes < MAX_BLOCK_BYTES) bytes *= 2;
  return bytes;
}

/**
 * The block size of the second, fine comparison.
 * @param coarse the block size of the first comparison, in bytes.
 * @param bytes of the basis file that the first comparison did not find.
 * @returns bytes.
 */
export function fineBlockBytes(coarse: number, bytes: number): number {
  let fine = Math.max(MIN_BLOCK_BYTES, coarse / 64);
  while (fine < coarse && bytes > fine * MAX_BLOCKS) fine *= 2;
  return fine;
}

/** @returns the number of whole blocks in `ranges`. */
export function countBlocks(ranges: readonly Range[], blockBytes: number): number {
  let blocks = 0;
  for (const { bytes } of ranges) blocks += Math.floor(bytes / blockBytes);
  return blocks;
}

/**
 * Subtracts ranges from a range.
 * @param covered in any order; they may overlap.
 * @returns the parts of `whole` that are in none of `covered`, in order and not adjacent.
 */
export function uncovered(whole: Range, covered: readonly Range[]): Range[] {
  const left: Range[] = [];
  const end = whole.at + whole.bytes;
  let at = whole.at;
  for (const range of [...covered].sort((x, y) => x.at - y.at)) {
    if (range.at >= end) break;
    if (range.at > at) left.push({ at, bytes: range.at - at });
    at = Math.max(at, range.at + range.bytes);
  }
  if (at < end) left.push({ at, bytes: end - at });
  return left;
}
