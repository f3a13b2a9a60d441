// The blocks of a base by their sums, for a search that asks for very many places of which very few are there.
import { type Range, WORDS_A_BLOCK } from '../../core/delta.js';

/** Bits of the filter for each block: of places where no block is, one in so many passes it. */
const FILTER_BITS_A_BLOCK = 64;

/** Looks blocks up. */
export class BlockIndex {
  readonly #words: Uint32Array;

  /** A bit for the low bits of each block's second sum. */
  readonly filter: Uint8Array;
  readonly filterMask: number;
  /** Where in the base each block stands. */
  readonly places: Float64Array;
  /** Open addressing by second sum: the number of a block and one, or zero. Of equal blocks only the first is in it. */
  readonly #slots: Int32Array;
  readonly #slotMask: number;

  /**
   * @param ranges of the base, in order.
   * @param words the sums of their whole blocks.
   */
  constructor(
    readonly blockBytes: number,
    ranges: readonly Range[],
    words: Uint32Array,
  ) {
    this.#words = words;

    const count = words.length / WORDS_A_BLOCK;
    const bits = powerOfTwo(Math.max(count, 128) * FILTER_BITS_A_BLOCK);
    this.filter = new Uint8Array(bits / 8);
    this.filterMask = bits - 1;
    this.#slots = new Int32Array(powerOfTwo(count * 2 + 1));
    this.#slotMask = this.#slots.length - 1;
    this.places = placesOf(ranges, blockBytes, count);
    for (let block = 0; block < count; block++) this.#add(block);
  }

  #add(block: number): void {
    const whole = this.#words[block * 2 + 1]!;
    if (this.find(this.#words[block * 2]!, whole, -1) >= 0) return;
    const bit = whole & this.filterMask;
    this.filter[bit >>> 3]! |= 1 << (bit & 7);
    let slot = whole & this.#slotMask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#slotMask;
    this.#slots[slot] = block + 1;
  }

  /** Whether a block has this second sum. */
  has(whole: number): boolean {
    for (let slot = whole & this.#slotMask; this.#slots[slot] !== 0; slot = (slot + 1) & this.#slotMask) {
      if (this.#words[this.#slots[slot]! * 2 - 1] === whole) return true;
    }
    return false;
  }

  /**
   * @param likely the block it would best be, -1 for none.
   * @returns the number of a block with these sums; -1: there is none.
   */
  find(first: number, whole: number, likely: number): number {
    if (likely >= 0 && this.#isBlock(likely, first, whole)) return likely;
    for (let slot = whole & this.#slotMask; this.#slots[slot] !== 0; slot = (slot + 1) & this.#slotMask) {
      const block = this.#slots[slot]! - 1;
      if (this.#isBlock(block, first, whole)) return block;
    }
    return -1;
  }

  #isBlock(block: number, first: number, whole: number): boolean {
    return this.#words[block * 2] === first && this.#words[block * 2 + 1] === whole;
  }
}

function powerOfTwo(least: number): number {
  let power = 1;
  while (power < least) power *= 2;
  return power;
}

function placesOf(ranges: readonly Range[], blockBytes: number, count: number): Float64Array {
  const places = new Float64Array(count);
  let block = 0;
  for (const { at, bytes } of ranges) {
    for (let offset = 0; offset + blockBytes <= bytes; offset += blockBytes) places[block++] = at + offset;
  }
  return places;
}
