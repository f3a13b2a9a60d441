// Finds the blocks of a base in another file, wherever they have moved to: rsync's search, with a CRC that is computed by
// native code where blocks follow one another and rolled byte by byte only where they do not. The longer nothing was
// found, the fewer places are tried, so that a file with nothing in common costs little more than reading it.
import fs from 'node:fs';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import type { Range } from '../../core/delta.js';
import type { BlockIndex } from './block-index.js';
import { Roller } from './rolling-crc.js';

const readAsync = promisify(fs.read);

/** Bytes of the file that are also in the base. */
export interface Match {
  /** Where in the file. */
  readonly at: number;
  /** Where in the base. */
  readonly from: number;
  readonly bytes: number;
}

/** Bytes that are read at a time, and rolled over before others get their turn. */
const STEP_BYTES = 1 << 18;
/** After a stretch without a match so many times shorter places are left out. */
const SPARSENESS = 8;
const STRETCH_BLOCKS = 8;
const TURN_BLOCKS = 1_024;

/** The file that is searched. */
interface Searched {
  readonly fd: number;
  readonly size: number;
  /** Its own sums by blocks of the size searched for, if they are known: then whole stretches need not be read. */
  readonly own: Uint32Array | null;
}

/** One search through part of a file. */
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
   * @returns matches in `range` of the file, in order, each as long as it goes on.
   * @throws where the file is shorter than it was.
   */
  async *matches({ at, bytes }: Range): AsyncGenerator<Match> {
    const end = at + bytes;
    let match: Match | null = null;
    let block = -1;
    for (let position = at, turns = 0; position + this.#blockBytes <= end; ) {
      if (++turns % TURN_BLOCKS === 0) await new Promise((resolve) => setImmediate(resolve));
      const since: number = match === null ? at : match.at + match.bytes;
      const next = position === since ? this.#blockAfter(block) : -1;
      block = this.#ownBlock(position, next) ?? (await this.#readBlock(position, next));
      if (block < 0) {
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

  /** @returns the block that goes on where `block` ends in the base; -1: there is none. */
  #blockAfter(block: number): number {
    const { places } = this.#index;
    return block >= 0 && places[block + 1] === places[block]! + this.#blockBytes ? block + 1 : -1;
  }

  /** @returns the block at `position` by our own sums, -1 where it is none of the base's; null where they do not say. */
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

  /** @returns the next position after `position` where a block may begin; `since` is where the last match ended. */
  async #nextPlace(position: number, end: number, since: number): Promise<number> {
    const last = end - this.#blockBytes;
    const places = Math.min(Math.max(this.#blockBytes, STEP_BYTES), last - position);
    if (places <= 0) return end;
    const bytes = await this.#window.read(position, places + this.#blockBytes);
    const found = this.#roller.find(bytes, places, this.#index);
    if (found > 0) return position + found;
    const reached = position + places + 1;
    const without = reached - since;
    if (without < STRETCH_BLOCKS * this.#blockBytes) return reached;
    return this.#knownBlock(reached, Math.min(reached + Math.floor(without / SPARSENESS), end));
  }

  /** @returns the first block between `position` and `to` that is in the base by our own sums, else `to`. */
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

/** A stretch of a file in memory that moves forward. */
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

  /** @returns bytes that are valid until the next read. */
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
      const room = Math.min(this.#buffer.length - at, this.#size - this.#end);
      const { bytesRead } = await readAsync(this.#fd, this.#buffer, at, room, this.#end);
      if (bytesRead === 0) throw Object.assign(new Error('the file is shorter than it was'), { code: 'ENOENT' });
      this.#end += bytesRead;
    }
  }
}
