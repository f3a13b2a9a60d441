// An index of the blocks of a basis file by their checksums, for a search that tries very many positions and finds few.
import { type Range, WORDS_A_BLOCK } from '../../core/delta.js';

/** Bits of the filter for each block: of the positions without a block, one in so many passes the filter. */
const FILTER_BITS_A_BLOCK = 64;

/** A hash table of the blocks, with a bit filter before it. */
export class BlockIndex {
  readonly #words: Uint32Array;

  /** One bit for the low bits of the second checksum of each block. */
  readonly filter: Uint8Array;
  readonly filterMask: number;
  /** The position of each block in the basis file. */
  readonly places: Float64Array;
  /** Open addressing by the second checksum: block number + 1, or 0. Of equal blocks only the first is in it. */
  readonly #slots: Int32Array;
  readonly #slotMask: number;

  /**
   * @param ranges the indexed ranges of the basis file, in order.
   * @param words the checksums of their whole blocks, two words each.
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

  /** Whether a block has this second checksum. */
  has(whole: number): boolean {
    for (let slot = whole & this.#slotMask; this.#slots[slot] !== 0; slot = (slot + 1) & this.#slotMask) {
      if (this.#words[this.#slots[slot]! * 2 - 1] === whole) return true;
    }
    return false;
  }

  /**
   * @param likely the block to try first; -1 for none.
   * @returns the number of a block with these checksums; -1 for none.
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
