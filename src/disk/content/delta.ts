// Sends a large content to a receiver that has a part of it (rsync's algorithm):
//
//   skip what an interrupted transfer has already brought
//   compare the rest with the basis file by coarse blocks
//   compare what was not found with the unused ranges of the basis file by fine blocks
//   send each match as a range of the basis file, and the bytes between the matches as data
//
// Two block sizes keep both the checksums and the data around a change small.

import { coarseBlockBytes, fineBlockBytes, isBasisSize, MAX_RANGES, type Range, uncovered } from '../../core/delta.js';
import type { FileEntry } from '../../core/entry.js';
import type { BasisFile, Content, Offer } from '../../replica.js';
import { recallSums } from '../fs/block-sums.js';
import { BlockIndex } from './block-index.js';
import { BlockSearch, type Match } from './match-blocks.js';
import { readPieces } from './pieces.js';

/** With fewer bytes left to send, the second comparison does not pay. */
const FINE_BYTES = 1 << 12;

/**
 * @returns the `n`-th content of an apply, from an open file.
 * @throws ENOENT where the file is shorter than it was; the receiver finds any other change of it by the hash.
 */
export async function* readDifference(
  n: number,
  fd: number,
  file: FileEntry,
  { have, base }: Offer,
): AsyncGenerator<Content> {
  if (have > 0) yield { n, have, last: have === file.size };
  const rest = { at: have, bytes: file.size - have };
  if (rest.bytes <= 0) return;
  const comparison = new Comparison(fd, file, base !== null && isBasisSize(base.size) ? base : null);
  const matches = await comparison.coarse(rest);
  const fine = await comparison.fine(rest, matches);
  for await (const { match, range } of inOrder(rest, matches, fine)) {
    const end = range.at + range.bytes;
    if (match === null) yield* readPieces(n, fd, range, file.size);
    else yield { n, copy: { at: match.from, bytes: match.bytes }, last: end === file.size };
  }
}

/** Compares one file with one basis file. */
class Comparison {
  readonly #fd: number;
  readonly #file: FileEntry;
  readonly #base: BasisFile | null;

  constructor(fd: number, file: FileEntry, base: BasisFile | null) {
    this.#fd = fd;
    this.#file = file;
    this.#base = base;
  }

  /** @returns the matches of coarse blocks in `rest`, in order. */
  async coarse(rest: Range): Promise<Match[]> {
    if (this.#base === null) return [];
    const { size, hash } = this.#base;
    const blockBytes = coarseBlockBytes(size);
    const search = await this.#search(blockBytes, [{ at: 0, bytes: size }], recallSums(hash, blockBytes));
    const matches: Match[] = [];
    if (search !== null) for await (const match of search.matches(rest)) matches.push(match);
    return matches;
  }

  /** @returns a search by fine blocks for what `matches` do not cover; null where it does not pay. */
  async fine(rest: Range, matches: readonly Match[]): Promise<BlockSearch | null> {
    if (this.#base === null || bytesIn(uncovered(rest, matches)) < FINE_BYTES) return null;
    const whole = { at: 0, bytes: this.#base.size };
    const left = uncovered(
      whole,
      matches.map(({ from, bytes }) => ({ at: from, bytes })),
    );
    if (left.length === 0) return null;
    const ranges = left.length > MAX_RANGES ? [whole] : left;
    return this.#search(fineBlockBytes(coarseBlockBytes(this.#base.size), bytesIn(ranges)), ranges);
  }

  /** @param known the cached checksums of the basis file: then the receiver is not asked for them. */
  async #search(
    blockBytes: number,
    ranges: readonly Range[],
    known: Uint32Array | null = null,
  ): Promise<BlockSearch | null> {
    const words = known ?? (await this.#base?.sums(blockBytes, ranges));
    if (words === null || words === undefined || words.length === 0) return null;
    const own = recallSums(this.#file.hash, blockBytes);
    return new BlockSearch({ fd: this.#fd, size: this.#file.size, own }, new BlockIndex(blockBytes, ranges, words));
  }
}

/** A section of the content: a match in the basis file, or data to send. */
interface Section {
  readonly range: Range;
  readonly match: Match | null;
}

/** @returns all of `rest`, in order: the matches, and what `fine` finds between them. */
async function* inOrder(rest: Range, matches: readonly Match[], fine: BlockSearch | null): AsyncGenerator<Section> {
  let at = rest.at;
  for (const match of matches) {
    yield* within({ at, bytes: match.at - at }, fine);
    yield { range: match, match };
    at = match.at + match.bytes;
  }
  yield* within({ at, bytes: rest.at + rest.bytes - at }, fine);
}

/** @returns all of `gap`, in order: what `fine` finds in it, and the rest as data; nothing where it is empty. */
async function* within(gap: Range, fine: BlockSearch | null): AsyncGenerator<Section> {
  let { at } = gap;
  if (fine !== null) {
    for await (const match of fine.matches(gap)) {
      if (match.at > at) yield { range: { at, bytes: match.at - at }, match: null };
      yield { range: match, match };
      at = match.at + match.bytes;
    }
  }
  const end = gap.at + gap.bytes;
  if (at < end) yield { range: { at, bytes: end - at }, match: null };
}

const bytesIn = (ranges: readonly Range[]): number => ranges.reduce((sum, { bytes }) => sum + bytes, 0);
