// The index of blocks against a plain search, with checksums that collide in each of its parts.
import { describe, expect, test } from 'vitest';
import { BlockIndex } from '../../../src/disk/content/block-index.js';
import { BlockSearch } from '../../../src/disk/content/match-blocks.js';

const BLOCK = 64;

/** An index of blocks with these checksums, one after the other. */
const indexOf = (sums: readonly (readonly [number, number])[]) =>
  new BlockIndex(BLOCK, [{ at: 0, bytes: sums.length * BLOCK }], Uint32Array.from(sums.flat()));

const passes = ({ filter, filterMask }: BlockIndex, whole: number) =>
  (filter[(whole & filterMask) >>> 3]! & (1 << (whole & filterMask & 7))) !== 0;

describe('a block', () => {
  // Equal low bits: all of them are in one run of slots, whatever the size of the table is.
  const alike = Array.from({ length: 40 }, (_, n) => [n * 7, ((n << 20) | 5) >>> 0] as const);
  const sums = [...alike, [1, 0], [0, 1], [2, 0xffff_ffff], [3, 5]] as const;

  test('is found by both of its checksums, and passes the filter', () => {
    const index = indexOf(sums);
    for (const [n, [first, whole]] of sums.entries()) {
      // The last one has the second checksum of another block.
      expect([n, index.find(first, whole, -1)]).toEqual([n, n]);
      expect([n, index.has(whole), passes(index, whole)]).toEqual([n, true, true]);
    }
  });

  test('with other checksums is not found', () => {
    const index = indexOf(sums);
    for (const [first, whole] of alike) {
      expect(index.find(first + 1, whole, -1)).toBe(-1);
      expect(index.find(first, (whole ^ 0x8000_0000) >>> 0, -1)).toBe(-1);
      expect(index.has((whole ^ 0x8000_0000) >>> 0)).toBe(false);
    }
    // First checksums are not second ones.
    expect([index.has(7), index.has(14), index.has(2)]).toEqual([false, false, false]);
  });

  test('that stands there several times is found where it stands first, or where it is likely', () => {
    const index = indexOf([
      [9, 9],
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
    const found = [-1, 0, 1, 2, 3].map((likely) => index.find(1, 2, likely));
    expect(found).toEqual([1, 1, 1, 2, 3]);
    expect(index.find(9, 9, 0)).toBe(0);
  });

  test('stands where its range says, and what is left of a range is none', () => {
    const ranges = [
      { at: 100, bytes: 2 * BLOCK + 1 },
      { at: 1_000, bytes: BLOCK },
      { at: 5_000, bytes: BLOCK - 1 },
      { at: 6_000, bytes: BLOCK },
    ];
    const index = new BlockIndex(BLOCK, ranges, Uint32Array.from([1, 1, 2, 2, 3, 3, 4, 4]));
    expect([...index.places]).toEqual([100, 100 + BLOCK, 1_000, 6_000]);
    expect(index.find(4, 4, -1)).toBe(3);
  });

  test('is found by the checksums that are known of a file, without reading it', async () => {
    const index = indexOf([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    const own = Uint32Array.from([3, 3, 1, 1, 2, 2]);
    // No file has this descriptor.
    const search = new BlockSearch({ fd: -1, size: 3 * BLOCK, own }, index);
    const found = [];
    for await (const match of search.matches({ at: 0, bytes: 3 * BLOCK })) found.push(match);
    expect(found).toEqual([
      { at: 0, from: 2 * BLOCK, bytes: BLOCK },
      { at: BLOCK, from: 0, bytes: 2 * BLOCK },
    ]);
  });

  test('of which there is none is not found', () => {
    const index = indexOf([]);
    expect([index.find(0, 0, -1), index.has(0), index.filter.some((byte) => byte !== 0)]).toEqual([-1, false, false]);
  });

  test('passes the filter with few that are none', () => {
    let state = 1;
    const next = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return (state ^ (state >>> 13)) >>> 0;
    };
    const index = indexOf(Array.from({ length: 500 }, () => [next(), next()] as const));
    const others = Array.from({ length: 10_000 }, next).filter((whole) => passes(index, whole));
    expect(others.length).toBeLessThan(300);
  });
});
