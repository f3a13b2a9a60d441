// The CRC-32 of a window that moves byte by byte. A CRC is linear: the contribution of the byte that leaves the window
// depends only on that byte and the length of the window, so a table removes it.
import { crc32 } from 'node:zlib';
import type { BlockIndex } from './block-index.js';

const POLYNOMIAL = 0xedb88320;
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc;
});

/** Rolls the CRC over windows of one length. */
export class Roller {
  readonly #windowBytes: number;

  readonly #leaving: Int32Array;

  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes;

    this.#leaving = leavingTable(windowBytes);
  }

  /**
   * @param bytes at least `positions` plus one window, in bytes.
   * @returns the first position from 1 to `positions` with a block of `index`, by both of its checksums; 0 for none.
   */
  find(bytes: Buffer, positions: number, index: BlockIndex): number {
    const windowBytes = this.#windowBytes;
    const leaving = this.#leaving;
    const { filter, filterMask } = index;
    let crc = ~crc32(bytes.subarray(0, windowBytes));
    for (let i = 0; i < positions; i++) {
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
 * @returns the contribution of each byte to the register `windowBytes` later: Z(step(init, byte) ^ init), where Z
 *   advances the register over that many zero bytes. Z and the table are linear, so eight entries determine all.
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
