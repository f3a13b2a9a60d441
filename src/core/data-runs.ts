// Finds the parts of a content that hold data. Blocks of zeros need not be written to an empty file: it reads the same
// without them, and a sparse file stays sparse.

/** The block size of most file systems, in bytes. */
const BLOCK_BYTES = 4096;
const ZEROS = new Uint8Array(BLOCK_BYTES);

/** Holes between data that are shorter, in bytes, are written: each hole costs a system call and an extent on disk. */
const HOLE_BYTES = 16 << 10;

/** Contents that are shorter, in bytes, are not searched for holes. */
export const SPARSE_BYTES = 64 << 10;

/** Bytes with a fast comparison, such as a Buffer. */
interface Comparable extends Uint8Array {
  compare(target: Uint8Array, targetStart: number, targetEnd: number, sourceStart: number, sourceEnd: number): number;
}

/** A part of a piece that has to be written, as offsets into it. */
interface Run {
  readonly from: number;
  readonly to: number;
}

/**
 * @param position of `data` in its file, in bytes.
 * @param size of the whole content, in bytes.
 * @returns the parts of `data` that have to be written, in order: all of it without the longer runs of whole zero
 * blocks.
 */
export function dataRuns(data: Comparable, position: number, size: number): readonly Run[] {
  if (size < SPARSE_BYTES) return [{ from: 0, to: data.length }];
  const runs: { from: number; to: number }[] = [];
  for (let at = 0; at < data.length; ) {
    const to = Math.min(data.length, at + BLOCK_BYTES - ((position + at) % BLOCK_BYTES));
    if (!isZeros(data, at, to)) {
      const last = runs.at(-1);
      if (last !== undefined && at - last.to < HOLE_BYTES) last.to = to;
      else runs.push({ from: at, to });
    }
    at = to;
  }
  return runs;
}

/** The first and the last byte are tested first, because data seldom has a zero at both ends. */
const isZeros = (data: Comparable, from: number, to: number): boolean =>
  data[from] === 0 && data[to - 1] === 0 && data.compare(ZEROS, 0, to - from, from, to) === 0;
