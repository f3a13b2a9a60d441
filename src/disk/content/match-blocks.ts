// Finds the blocks of a basis file in another file, wherever they have moved to (rsync's search):
//
//   position = start of the range
//   while a whole block is left:
//     if the block at `position` is in the index: extend or begin a match; position += block size     native CRC
//     else: roll the checksum byte by byte up to STEP_BYTES ahead, to the first block in the index    rolling-crc
//           if nothing was found for a long stretch: skip a part of it before the next try
//
// Skipping keeps the cost for a file with nothing in common close to that of reading it.
import fs from 'node:fs';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import type { Range } from '../../core/delta.js';
import type { BlockIndex } from './block-index.js';
import { Roller } from './rolling-crc.js';

const readAsync = promisify(fs.read);

/** Bytes of the file that are also in the basis file. */
export interface Match {
  /** Position in the file. */
  readonly at: number;
  /** Position in the basis file. */
  readonly from: number;
  readonly bytes: number;
}

/** Bytes that are read and rolled at a time. */
const STEP_BYTES = 1 << 18;
/** After a stretch without a match, one eighth of its length is skipped. */
const SKIP_DIVISOR = 8;
/** Blocks without a match before anything is skipped. */
const SKIP_AFTER_BLOCKS = 8;
/** Blocks after which other work may run. */
const TURN_BLOCKS = 1_024;

/** The file that is searched. */
interface Searched {
  readonly fd: number;
  readonly size: number;
  /** Its cached checksums in blocks of the same size, if there are any: then unchanged parts are not read. */
  readonly own: Uint32Array | null;
}

/** A search for the blocks of one index in one file. */
export class BlockSearch {
  readonly #file: Searched;
  readonly #index: BlockIndex;

  readonly #blockBytes: number;
  readonly #roller: Roller;
  readonly #window: Window;

  constructor(file: Searched, index: BlockIndex) {
    this.#file = file;
    this.#index = index;

    this.#blockBytes = index.blockBytes;
    this.#roller = new Roller(index.blockBytes);
    this.#window = new Window(file.fd, file.size, index.blockBytes + Math.max(STEP_BYTES, index.blockBytes));
  }

  /**
   * @returns the matches in a range of the file, in order, each as long as possible.
   * @throws ENOENT where the file is shorter than it was.
   */
  async *matches({ at, bytes }: Range): AsyncGenerator<Match> {
    const end = at + bytes;
    let match: Match | null = null;
    let block = -1;
    for (let position = at, turns = 0; position + this.#blockBytes <= end; ) {
      if (++turns % TURN_BLOCKS === 0) await new Promise((resolve) => setImmediate(resolve));
      const next = this.#blockAfter(block);
      block = this.#ownBlock(position, next) ?? (await this.#readBlock(position, next));
      if (block < 0) {
        const since: number = match === null ? at : match.at + match.bytes;
        position = await this.#nextPlace(position, end, since);
        continue;
      }
      if (match !== null && block === next) match = longer(match, this.#blockBytes);
      else {
        if (match !== null) yield match;
        match = { at: position, from: this.#index.places[block]!, bytes: this.#blockBytes };
      }
      position += this.#blockBytes;
    }
    if (match !== null) yield match;
  }

  /** @returns the block that follows `block` in the basis file; -1 for none. */
  #blockAfter(block: number): number {
    const { places } = this.#index;
    return block >= 0 && places[block + 1] === places[block]! + this.#blockBytes ? block + 1 : -1;
  }

  /**
   * @returns the block at `position` by the file's cached checksums; -1 for none; null where there is no checksum of
   * it.
   */
  #ownBlock(position: number, likely: number): number | null {
    const word = this.#ownSums(position);
    return word < 0 ? null : this.#index.find(this.#file.own![word]!, this.#file.own![word + 1]!, likely);
  }

  async #readBlock(position: number, likely: number): Promise<number> {
    const half = this.#blockBytes / 2;
    const block = await this.#window.read(position, this.#blockBytes);
    const first = crc32(block.subarray(0, half));
    return this.#index.find(first, crc32(block.subarray(half), first), likely);
  }

  #ownSums(position: number): number {
    if (this.#file.own === null || position % this.#blockBytes !== 0) return -1;
    const word = (position / this.#blockBytes) * 2;
    return word + 1 < this.#file.own.length ? word : -1;
  }

  /** @returns the next position after `position` to try; `since` is the end of the last match. */
  async #nextPlace(position: number, end: number, since: number): Promise<number> {
    const last = end - this.#blockBytes;
    const positions = Math.min(Math.max(this.#blockBytes, STEP_BYTES), last - position);
    if (positions <= 0) return end;
    const bytes = await this.#window.read(position, positions + this.#blockBytes);
    const found = this.#roller.find(bytes, positions, this.#index);
    if (found > 0) return position + found;
    const reached = position + positions + 1;
    const without = reached - since;
    if (without < SKIP_AFTER_BLOCKS * this.#blockBytes) return reached;
    return this.#knownBlock(reached, Math.min(reached + Math.floor(without / SKIP_DIVISOR), end));
  }

  /**
   * @returns the first position from `position` to `to` with a known block by the file's cached checksums; else `to`.
   */
  #knownBlock(position: number, to: number): number {
    const { own } = this.#file;
    if (own === null) return to;
    const first = Math.ceil(position / this.#blockBytes) * this.#blockBytes;
    for (let at = first; at < to; at += this.#blockBytes) {
      const word = this.#ownSums(at);
      if (word >= 0 && this.#index.find(own[word]!, own[word + 1]!, -1) >= 0) return at;
    }
    return to;
  }
}

const longer = ({ at, from, bytes }: Match, by: number): Match => ({ at, from, bytes: bytes + by });

/** A section of a file in memory that moves forward. */
class Window {
  readonly #fd: number;
  readonly #size: number;

  readonly #buffer: Buffer;
  #start = 0;
  #end = 0;

  constructor(fd: number, size: number, most: number) {
    this.#fd = fd;
    this.#size = size;

    this.#buffer = Buffer.allocUnsafe(most + (1 << 20));
  }

  /** @returns `bytes` bytes at `position`, valid until the next call. */
  async read(position: number, bytes: number): Promise<Buffer> {
    if (position < this.#start || position >= this.#end) this.#start = this.#end = position;
    if (position + bytes > this.#end) {
      this.#buffer.copyWithin(0, position - this.#start, this.#end - this.#start);
      this.#start = position;
      await this.#fill(position + bytes);
    }
    return this.#buffer.subarray(position - this.#start, position - this.#start + bytes);
  }

  async #fill(to: number): Promise<void> {
    while (this.#end < to) {
      const at = this.#end - this.#start;
      const bytes = Math.min(this.#buffer.length - at, this.#size - this.#end);
      const { bytesRead } = await readAsync(this.#fd, this.#buffer, at, bytes, this.#end);
      if (bytesRead === 0) throw Object.assign(new Error('the file is shorter than it was'), { code: 'ENOENT' });
      this.#end += bytesRead;
    }
  }
}
