// The CRC-32 of a window that moves on byte by byte. A CRC is linear: what the byte that leaves had contributed depends
// on that byte and the length of the window alone, and can be taken out by a table.
import { crc32 } from 'node:zlib';
import type { BlockIndex } from './block-index.js';

const POLYNOMIAL = 0xedb88320;
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc;
});

/** Rolls windows of one length. */
export class Roller {
  readonly #windowBytes: number;

  readonly #leaving: Int32Array;

  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes;

    this.#leaving = leavingTable(windowBytes);
  }

  /**
   * @param bytes `places` and a window.
   * @returns the first place from 1 to `places` at which a block of `index` stands, by both of its sums; 0: none.
   */
  find(bytes: Buffer, places: number, index: BlockIndex): number {
    const windowBytes = this.#windowBytes;
    const leaving = this.#leaving;
    const { filter, filterMask } = index;
    let crc = ~crc32(bytes.subarray(0, windowBytes));
    for (let i = 0; i < places; i++) {
      crc = (crc >>> 8) ^ TABLE[(crc ^ bytes[i + windowBytes]!) & 0xff]! ^ leaving[bytes[i]!]!;
      const slot = ~crc & filterMask;
      if ((filter[slot >>> 3]! & (1 << (slot & 7))) !== 0 && this.#isBlock(bytes, i + 1, ~crc >>> 0, index))
        return i + 1;
    }
    return 0;
  }

  #isBlock(bytes: Buffer, at: number, whole: number, index: BlockIndex): boolean {
    if (!index.has(whole)) return false;
    return index.find(crc32(bytes.subarray(at, at + this.#windowBytes / 2)), whole, -1) >= 0;
  }
}

/**
 * What each byte leaves behind in the register, `windowBytes` later: Z(step(init, byte) ^ init), where Z moves the
 * register on over so many zero bytes. Z and the table are linear, so eight entries make all.
 */
function leavingTable(windowBytes: number): Int32Array {
  const zeros = Buffer.alloc(Math.min(windowBytes, 1 << 16));
  const onward = (register: number): number => {
    let crc = ~register >>> 0;
    for (let left = windowBytes; left > 0; left -= zeros.length) {
      crc = crc32(zeros.subarray(0, Math.min(left, zeros.length)), crc);
    }
    return ~crc;
  };
  const start = (-1 >>> 8) ^ TABLE[0xff]! ^ -1;
  const first = onward(start);
  const table = new Int32Array(256);
  for (let bit = 0; bit < 8; bit++) table[1 << bit] = onward(start ^ TABLE[1 << bit]!) ^ first;
  for (let byte = 1; byte < 256; byte++) table[byte] = table[byte & (byte - 1)]! ^ table[byte & -byte]!;
  return table.map((entry) => entry ^ first);
}
