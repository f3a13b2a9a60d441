// Two states of a file for tests of differences: random contents from a seed, a base in memory, and a receiver that puts
// a content together from the pieces that a sender gives.
import fs from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { countBlocks, type Range } from '../../src/core/delta.js';
import { readDifference } from '../../src/disk/content/delta.js';
import type { BasisFile, Content } from '../../src/replica.js';
import { file } from './disk-site.js';
import { makeRoot, removeRoot } from './trees.js';

/** @returns `bytes` bytes that look like chance and are the same for the same seed. */
export function noise(bytes: number, seed: number): Buffer {
  const data = Buffer.alloc(bytes);
  let state = (seed * 2654435761 + 1) | 0 || 1;
  for (let at = 0; at + 4 <= bytes; at += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    data.writeInt32LE(state, at);
  }
  return data;
}

/** @returns the CRCs of the first half and of the whole of each block, as the documents say, not as the code does it. */
export function sumsOf(data: Buffer, blockBytes: number): Uint32Array {
  const words: number[] = [];
  for (let at = 0; at + blockBytes <= data.length; at += blockBytes) {
    words.push(crc32(data.subarray(at, at + blockBytes / 2)), crc32(data.subarray(at, at + blockBytes)));
  }
  return Uint32Array.from(words);
}

/** A base in memory; it counts what it is asked. */
export class MemoryBase implements BasisFile {
  asked = 0;
  blocks = 0;
  readonly hash = 'not remembered';

  constructor(readonly data: Buffer) {}

  get size(): number {
    return this.data.length;
  }

  async sums(blockBytes: number, ranges: readonly Range[]): Promise<Uint32Array> {
    this.asked++;
    this.blocks += countBlocks(ranges, blockBytes);
    const all: number[] = [];
    for (const { at, bytes } of ranges) {
      for (const word of sumsOf(this.data.subarray(at, at + bytes), blockBytes)) all.push(word);
    }
    return Uint32Array.from(all);
  }
}

/** What a transfer came to. */
export interface Received {
  readonly content: Buffer;
  /** Bytes that were sent. */
  readonly sent: number;
  readonly pieces: number;
}

/** Sends `next` to a receiver that has `base`, and the first `have` bytes. */
export async function transfer(next: Buffer, base: MemoryBase | null, have = 0): Promise<Received> {
  const root = makeRoot('delta');
  const name = path.join(root, 'next');
  fs.writeFileSync(name, next);
  const fd = fs.openSync(name, 'r');
  try {
    return await receive(readDifference(0, fd, file(next), { have, base }), next, base?.data ?? null);
  } finally {
    fs.closeSync(fd);
    removeRoot(root);
  }
}

async function receive(contents: AsyncIterable<Content>, next: Buffer, base: Buffer | null): Promise<Received> {
  const parts: Buffer[] = [];
  let sent = 0;
  let ended = false;
  for await (const piece of contents) {
    if ('failed' in piece || ended) throw new Error(`an unexpected piece: ${JSON.stringify(piece)}`);
    ended = piece.last;
    if ('data' in piece) {
      parts.push(Buffer.from(piece.data));
      sent += piece.data.length;
    } else if ('copy' in piece) parts.push(base!.subarray(piece.copy.at, piece.copy.at + piece.copy.bytes));
    else parts.push(next.subarray(0, piece.have));
  }
  if (!ended) throw new Error('the last piece does not say so');
  return { content: Buffer.concat(parts), sent, pieces: parts.length };
}
