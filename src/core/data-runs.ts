// Where a content has data. A block of nothing but zeros need not be written to a file that has nothing there yet: the
// file reads the same, and what was sparse stays sparse.

/** Files have room by blocks of this size, nearly everywhere. */
const BLOCK_BYTES = 4096;
const ZEROS = new Uint8Array(BLOCK_BYTES);

/** Shorter holes between data are filled: each costs a call, and the disk another extent. */
const HOLE_BYTES = 16 << 10;

/** In contents that are shorter nobody looks for holes. */
export const SPARSE_BYTES = 64 << 10;

/** Bytes that can be compared fast, as a Buffer can. */
interface Comparable extends Uint8Array {
  compare(target: Uint8Array, targetStart: number, targetEnd: number, sourceStart: number, sourceEnd: number): number;
}

/** A part of a piece, to be written. */
interface Run {
  readonly from: number;
  readonly to: number;
}

/**
 * @param position where `data` stands in its file, bytes.
 * @param size of the whole content.
 * @returns the parts of `data`, in order, without what is zeros for blocks on end, or at either end of it.
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

/** Data seldom has a zero at both ends, so that it costs two reads of a byte. */
const isZeros = (data: Comparable, from: number, to: number): boolean =>
  data[from] === 0 && data[to - 1] === 0 && data.compare(ZEROS, 0, to - from, from, to) === 0;
