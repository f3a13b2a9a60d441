// The messages about a content of which the receiver already has a part: the requested blocks of a basis file, and
// their sums. All are bounded: an answer is one payload, whatever the size of the file.
import * as v from 'valibot';
import type { Change } from '../../core/change.js';
import {
  countBlocks,
  isBasisSize,
  MAX_BLOCK_BYTES,
  MAX_BLOCKS,
  MAX_RANGES,
  MIN_BLOCK_BYTES,
  type Range,
  WORDS_A_BLOCK,
} from '../../core/delta.js';
import { whole } from '../rpc/fields.js';
import { checked } from '../rpc/params.js';
import { type Batch, bad, encodeList, fail, parseList, wholeNumber } from './list.js';
import { parseChanges } from './messages.js';

const WORD_BYTES = 4;

/** The requested blocks of a basis file. */
interface RequestedBlocks {
  readonly blockBytes: number;
  readonly ranges: readonly Range[];
}

/** What the receiver already has of a content. */
interface OfferFields {
  /** Bytes from the beginning. */
  readonly have: number;
  /** The size of the basis file in bytes; null where there is none. */
  readonly base: number | null;
}

/** @returns ranges as one payload. */
export function encodeRanges(ranges: readonly Range[]): Batch {
  const [batch, more] = [...encodeList([ranges.map(({ at, bytes }) => [at, bytes])])];
  if (batch === undefined || more !== undefined) throw new Error('the ranges are not one list');
  return batch;
}

/**
 * @param blockBytes the parameter of that name.
 * @param size of the basis file, in bytes.
 * @throws SyncError `bad-message`.
 */
export function parseRanges(blockBytes: unknown, payload: Buffer | null, size: number): RequestedBlocks {
  const [ranges, more] = parseList(payload, rangesOf);
  if (ranges === undefined || more !== undefined) return fail('the ranges are not one list');
  const requested = { blockBytes: blockBytesOf(blockBytes), ranges };
  let end = 0;
  for (const { at, bytes } of ranges) {
    if (at < end || at + bytes > size) return fail('the ranges of a base are out of range');
    end = at + bytes;
  }
  if (countBlocks(ranges, requested.blockBytes) > MAX_BLOCKS) return fail('too many blocks are requested');
  return requested;
}

/**
 * @returns the only change in a payload.
 * @throws SyncError `bad-message`.
 */
export function parseOneChange(payload: Buffer | null): Change {
  const [change, more] = parseChanges(payload);
  return change === undefined || more !== undefined ? fail('one change is expected') : change;
}

const size = whole(0, Number.MAX_SAFE_INTEGER);
const offer = v.object({ have: size, base: v.nullable(v.pipe(size, v.check(isBasisSize, 'it is out of range'))) });
const offerOrNone = v.union([offer, v.object({ have: v.optional(v.undefined()) })]);

/** @throws SyncError `bad-message`. */
export function parseOffer(value: unknown): OfferFields | null {
  const found = checked(offerOrNone, value, (why) => bad(`an offer, ${why}`));
  return 'base' in found ? found : null;
}

export function encodeSums(words: Uint32Array): Buffer {
  const payload = Buffer.allocUnsafe(words.length * WORD_BYTES);
  for (const [i, word] of words.entries()) payload.writeUInt32LE(word, i * WORD_BYTES);
  return payload;
}

/** @throws SyncError `bad-message` where these are not the sums that were requested. */
export function parseSums(payload: Buffer | null, { blockBytes, ranges }: RequestedBlocks): Uint32Array {
  const words = countBlocks(ranges, blockBytes) * WORDS_A_BLOCK;
  if (payload?.length !== words * WORD_BYTES) return fail('the number of sums is not the requested one');
  return Uint32Array.from({ length: words }, (_, i) => payload.readUInt32LE(i * WORD_BYTES));
}

function blockBytesOf(value: unknown): number {
  const bytes = wholeNumber(value, 'the size of a block', MIN_BLOCK_BYTES, MAX_BLOCK_BYTES);
  return (bytes & (bytes - 1)) === 0 ? bytes : fail('the size of a block is not a power of two');
}

function rangesOf(value: unknown): Range[] {
  if (!Array.isArray(value) || value.length > MAX_RANGES) return fail('the list of ranges is not valid or too long');
  return value.map((pair: unknown) => {
    if (!Array.isArray(pair)) return fail('a range is not an array');
    return {
      at: wholeNumber(pair[0], 'the place of a range', 0),
      bytes: wholeNumber(pair[1], 'the length of a range', 1),
    };
  });
}
