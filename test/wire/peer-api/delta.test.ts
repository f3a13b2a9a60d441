import { describe, expect, it } from 'vitest';
import type { Range } from '../../../src/core/delta.js';
import type { Content } from '../../../src/replica.js';
import * as delta from '../../../src/wire/peer-api/delta.js';
import * as peer from '../../../src/wire/peer-api/messages.js';

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const refused = expect.objectContaining({ code: 'bad-message' });
const MIB = 1 << 20;
const RANGES: Range[] = [
  { at: 0, bytes: 4096 },
  { at: 8192, bytes: 5000 },
];

describe('a request for blocks of a basis file', () => {
  it('is parsed as it was encoded', () => {
    const { payload } = delta.encodeRanges(RANGES);
    expect(payload.toString()).toBe('[[[0,4096],[8192,5000]]]');
    expect(delta.parseRanges(1024, payload, MIB)).toEqual({ blockBytes: 1024, ranges: RANGES });
    const many = Array.from({ length: 8192 }, (_, n) => ({ at: n * 2 ** 26, bytes: 2 ** 25 }));
    expect(delta.parseRanges(1 << 22, delta.encodeRanges(many).payload, 2 ** 39).ranges).toEqual(many);
  });

  it.each<[string, unknown, Buffer | null]>([
    ['no ranges', 1024, null],
    ['two lists', 1024, json([[], []])],
    ['no list', 1024, json([{}])],
    ['a range that is none', 1024, json([[1]])],
    ['a range of nothing', 1024, json([[[0, 0]]])],
    ['a range before the beginning', 1024, json([[[-1, 5]]])],
    ['a range beyond the end', 1024, json([[[MIB - 5, 6]]])],
    [
      'ranges that overlap',
      1024,
      json([
        [
          [0, 10],
          [9, 5],
        ],
      ]),
    ],
    [
      'ranges in no order',
      1024,
      json([
        [
          [10, 10],
          [0, 5],
        ],
      ]),
    ],
    ['blocks of a byte', 1, json([[[0, 10]]])],
    ['blocks of no power of two', 1025, json([[[0, 10]]])],
    ['blocks that are too large', 1 << 23, json([[[0, 10]]])],
    ['blocks that are no number', '1024', json([[[0, 10]]])],
  ])('is refused with %s', (_, blockBytes, payload) => {
    expect(() => delta.parseRanges(blockBytes, payload, MIB)).toThrow(refused);
  });

  it('is refused where the answer would not be one payload', () => {
    const all = json([[[0, 2 ** 31]]]);
    expect(() => delta.parseRanges(1024, all, 2 ** 31)).toThrow(refused);
    expect(delta.parseRanges(1 << 14, all, 2 ** 31).blockBytes).toBe(1 << 14);
  });

  it('is refused with too many ranges', () => {
    const many = Array.from({ length: 8193 }, (_, n) => [n * 10, 5]);
    expect(() => delta.parseRanges(1024, json([many]), MIB)).toThrow(refused);
  });
});

describe('sums', () => {
  const asked = { blockBytes: 1024, ranges: RANGES };
  const words = Uint32Array.from({ length: 16 }, (_, n) => (n * 0x9e3779b1) >>> 0);

  it('are parsed as they were encoded, little-endian', () => {
    const payload = delta.encodeSums(words);
    expect([payload.length, payload.readUInt32LE(4)]).toEqual([64, words[1]]);
    expect(delta.parseSums(payload, asked)).toEqual(words);
  });

  it.each([
    ['none', null],
    ['too few', Buffer.alloc(60)],
    ['too many', Buffer.alloc(68)],
  ])('are refused where there are %s', (_, payload) => {
    expect(() => delta.parseSums(payload, asked)).toThrow(refused);
  });
});

describe('an offer', () => {
  it.each([
    [{}, null],
    [
      { have: 0, base: MIB },
      { have: 0, base: MIB },
    ],
    [
      { have: 5, base: null },
      { have: 5, base: null },
    ],
  ])('%j', (fields, offer) => {
    expect(delta.parseOffer(fields)).toEqual(offer);
  });

  it.each([null, { have: -1, base: null }, { have: 1 }, { have: 1, base: 5 }, { have: 1, base: 2 ** 40 }])(
    '%j is refused',
    (fields) => {
      expect(() => delta.parseOffer(fields)).toThrow(refused);
    },
  );

  it('is part of a wanted file', () => {
    const file = { type: 'file' as const, size: 5 * MIB, mtime: 1, mode: 0o644, hash: 'ab'.repeat(32) };
    const wanted = { path: 'a', file, have: MIB, base: { size: 2 * MIB, hash: 'cd'.repeat(32) } };
    expect(peer.parseWanted(json([wanted]))).toEqual([wanted]);
    for (const more of [
      { have: 5 * MIB + 1 },
      { have: -1 },
      { base: 3 },
      { base: { size: 3, hash: 'cd'.repeat(32) } },
      { base: { size: MIB, hash: 'x' } },
      { base: 'all' },
    ]) {
      expect(() => peer.parseWanted(json([{ ...wanted, ...more }]))).toThrow(refused);
    }
  });

  it('is about one change', () => {
    const change = { path: 'a', action: 'deleted', before: { type: 'dir', mode: 0 }, after: null };
    expect(delta.parseOneChange(json([change]))).toEqual(change);
    for (const payload of [null, json([]), json([change, change])]) {
      expect(() => delta.parseOneChange(payload)).toThrow(refused);
    }
  });
});

describe('pieces', () => {
  it.each<Content>([
    { n: 1, copy: { at: 7, bytes: 2 ** 40 }, last: true },
    { n: 0, have: MIB, last: false },
  ])('%j', (piece) => {
    const { method, params, payload } = peer.encodeContent(piece);
    expect(payload).toBeUndefined();
    expect(peer.parseContent(method, params, null)).toEqual(piece);
  });

  it.each<[string, object]>([
    ['copy', { n: 0, at: 0, bytes: 0, last: true }],
    ['copy', { n: 0, at: -1, bytes: 1, last: true }],
    ['copy', { n: 0, bytes: 1, last: true }],
    ['copy', { n: 0, at: 1, bytes: 1 }],
    ['have', { n: 0, bytes: 0, last: true }],
    ['have', { n: 0, bytes: 1.5, last: true }],
    ['content', { n: 0, last: true }],
    ['more', { n: 0, bytes: 1, at: 1, last: true }],
  ])('a broken %s %j is refused', (method, params) => {
    expect(() => peer.parseContent(method, params, null)).toThrow(refused);
  });
});
