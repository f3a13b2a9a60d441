// A large content for a receiver that has some of it: what an earlier transfer brought is left out, what stands in its
// base is named, and only the rest is read and sent. The base is compared twice: by coarse blocks, and what was not
// found by fine ones, so that the sums are small and so is what surrounds a change.

import { coarseBlockBytes, fineBlockBytes, isBaseSize, MAX_RANGES, type Range, uncovered } from '../../core/delta.js';
import type { FileEntry } from '../../core/entry.js';
import type { BasisFile, Content, Offer } from '../../replica.js';
import { recallSums } from '../fs/block-sums.js';
import { BlockIndex } from './block-index.js';
import { BlockSearch, type Match } from './match-blocks.js';
import { readPieces } from './pieces.js';

/** What is to be sent is not worth a second comparison below this many bytes. */
const FINE_BYTES = 1 << 12;

/**
 * The content of an open file.
 * @throws where the file is shorter than it was; the receiver's hash finds every other change of it.
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
  const comparison = new Comparison(fd, file, base !== null && isBaseSize(base.size) ? base : null);
  const matches = await comparison.coarse(rest);
  const fine = await comparison.fine(rest, matches);
  for await (const { match, range } of inOrder(rest, matches, fine)) {
    const end = range.at + range.bytes;
    if (match === null) yield* readPieces(n, fd, range, file.size);
    else yield { n, copy: { at: match.from, bytes: match.bytes }, last: end === file.size };
  }
}

/** One file against one base. */
class Comparison {
  readonly #fd: number;
  readonly #file: FileEntry;
  readonly #base: BasisFile | null;

  constructor(fd: number, file: FileEntry, base: BasisFile | null) {
    this.#fd = fd;
    this.#file = file;
    this.#base = base;
  }

  async coarse(rest: Range): Promise<Match[]> {
    if (this.#base === null) return [];
    const { size, hash } = this.#base;
    const blockBytes = coarseBlockBytes(size);
    const search = await this.#search(blockBytes, [{ at: 0, bytes: size }], recallSums(hash, blockBytes));
    const matches: Match[] = [];
    if (search !== null) for await (const match of search.matches(rest)) matches.push(match);
    return matches;
  }

  /** @returns a search for what the first one did not find; null where that is in vain. */
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

  /** @param known the sums of the base, if they are remembered here: then it need not be asked. */
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

/** A stretch of the content: found in the base, or to be sent. */
interface Stretch {
  readonly range: Range;
  readonly match: Match | null;
}

/** All of `rest`, in order: the matches, and in what lies between them what `fine` finds. */
async function* inOrder(rest: Range, matches: readonly Match[], fine: BlockSearch | null): AsyncGenerator<Stretch> {
  let at = rest.at;
  for (const match of matches) {
    if (match.at > at) yield* within({ at, bytes: match.at - at }, fine);
    yield { range: match, match };
    at = match.at + match.bytes;
  }
  const end = rest.at + rest.bytes;
  if (at < end) yield* within({ at, bytes: end - at }, fine);
}

async function* within(gap: Range, fine: BlockSearch | null): AsyncGenerator<Stretch> {
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
