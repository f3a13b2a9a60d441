// The arithmetic of differences: how large the blocks are by which two states of a file are compared, and what is left
// of a file when some of it was found in the other. Sums of blocks are bounded, whatever the size of the file.
import { type Change, contentOf } from './change.js';

/** Bytes of a file from `at` on. */
export interface Range {
  readonly at: number;
  readonly bytes: number;
}

/** Smaller files are carried whole: asking what is there costs as much as it spares. */
export const DELTA_BYTES = 1 << 20;
/** Files from this size on, in bytes, are worth resuming when their transfer is cut. */
export const RESUMED_BYTES = 4 << 20;
/** Blocks whose sums travel in one answer; their sums are one payload. */
export const MAX_BLOCKS = 1 << 17;
export const WORDS_A_BLOCK = 2;
/** Ranges of blocks that are asked for at a time. */
export const MAX_RANGES = 1 << 13;
export const MIN_BLOCK_BYTES = 1 << 10;
export const MAX_BLOCK_BYTES = 1 << 22;
const MAX_BASIS_BYTES = MAX_BLOCKS * MAX_BLOCK_BYTES;

/** Whether it is worth asking the receiver what it has of the content that `change` brings. */
export function isWorthAsking(change: Change): boolean {
  const size = contentOf(change)?.size ?? 0;
  const { before } = change;
  return size >= RESUMED_BYTES || (size >= DELTA_BYTES && before?.type === 'file' && isBaseSize(before.size));
}

/** Whether a file of `size` bytes is worth comparing with. */
export const isBaseSize = (size: number): boolean => size >= DELTA_BYTES && size <= MAX_BASIS_BYTES;

/**
 * The first, coarse blocks: about eight times the root of the size, so that a gigabyte has 4,096 of them. A power of
 * two that changes with every fourth doubling of the size: files of about one size have blocks of one size.
 */
export function coarseBlockBytes(size: number): number {
  const wanted = 8 * Math.sqrt(size);
  let bytes = 8 * MIN_BLOCK_BYTES;
  while (bytes < wanted && bytes < MAX_BLOCK_BYTES) bytes *= 2;
  return bytes;
}

/** The second, fine blocks, for the `bytes` of a base that were not found by blocks of `coarse` bytes. */
export function fineBlockBytes(coarse: number, bytes: number): number {
  let fine = Math.max(MIN_BLOCK_BYTES, coarse / 64);
  while (fine < coarse && bytes > fine * MAX_BLOCKS) fine *= 2;
  return fine;
}

/** How many whole blocks there are in `ranges`. */
export function countBlocks(ranges: readonly Range[], blockBytes: number): number {
  let blocks = 0;
  for (const { bytes } of ranges) blocks += Math.floor(bytes / blockBytes);
  return blocks;
}

/**
 * What of `whole` none of `covered` covers.
 * @param covered in any order, overlapping or not.
 * @returns in order, without touching one another.
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
