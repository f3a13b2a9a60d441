import { describe, expect, test } from 'vitest';
import type { Change } from '../../src/core/change.js';
import {
  coarseBlockBytes,
  countBlocks,
  fineBlockBytes,
  isBasisSize,
  isWorthAsking,
  MAX_BLOCKS,
  type Range,
  uncovered,
} from '../../src/core/delta.js';
import type { FileEntry } from '../../src/core/entry.js';
import type { RelPath } from '../../src/core/path.js';

const KIB = 1 << 10;
const MIB = 1 << 20;
const GIB = 2 ** 30;

describe('blocks', () => {
  test.each([
    [MIB, 8 * KIB, KIB],
    [16 * MIB, 32 * KIB, KIB],
    [64 * MIB, 64 * KIB, KIB],
    [GIB, 256 * KIB, 4 * KIB],
    [GIB + 1, 512 * KIB, 8 * KIB],
    [64 * GIB, 2 * MIB, 32 * KIB],
    [512 * GIB, 4 * MIB, 64 * KIB],
  ])('of %d bytes', (size, coarse, fine) => {
    expect([coarseBlockBytes(size), fineBlockBytes(coarse, coarse)]).toEqual([coarse, fine]);
  });

  test('are never more than one payload holds, whatever the size', () => {
    for (let size = MIB; isBasisSize(size); size = Math.floor(size * 1.7) + 1) {
      const coarse = coarseBlockBytes(size);
      const whole = [{ at: 0, bytes: size }];
      expect(countBlocks(whole, coarse)).toBeLessThanOrEqual(MAX_BLOCKS);
      expect(countBlocks(whole, fineBlockBytes(coarse, size))).toBeLessThanOrEqual(MAX_BLOCKS);
      expect(Number.isInteger(Math.log2(coarse))).toBe(true);
    }
  });

  test('are never finer blocks that are coarser, however much was not found', () => {
    expect(fineBlockBytes(8 * KIB, 32 * KIB * MAX_BLOCKS)).toBe(8 * KIB);
  });

  test('are not requested of files that are too small or too large', () => {
    expect([MIB - 1, MIB, 512 * GIB, 512 * GIB + 1].map(isBasisSize)).toEqual([false, true, true, false]);
  });

  test('count only where they are whole', () => {
    expect(countBlocks([], 4)).toBe(0);
    expect(
      countBlocks(
        [
          { at: 0, bytes: 9 },
          { at: 20, bytes: 3 },
          { at: 30, bytes: 4 },
        ],
        4,
      ),
    ).toBe(3);
  });
});

const file = (size: number): FileEntry => ({ type: 'file', size, mtime: 0, mode: 0o644, hash: 'ab'.repeat(32) });
const change = (before: Change['before'], after: Change['after'], action: Change['action']): Change => ({
  ...{ path: 'f' as RelPath, before, after, action },
});

test.each<[string, Change, boolean]>([
  ['a small file', change(null, file(100), 'created'), false],
  ['a new file of 1 MiB', change(null, file(MIB), 'created'), false],
  ['a new file of 4 MiB', change(null, file(4 * MIB), 'created'), true],
  ['1 MiB in the place of 1 MiB', change(file(MIB), file(MIB), 'modified'), true],
  ['1 MiB in the place of a small file', change(file(100), file(MIB), 'modified'), false],
  ['1 MiB in the place of a directory', change({ type: 'dir', mode: 0o755 }, file(MIB), 'modified'), false],
  ['a rename', change(null, file(GIB), 'renamed'), false],
  ['a deletion', change(file(GIB), null, 'deleted'), false],
])('what the receiver has is asked for: %s', (_, of, asked) => {
  expect(isWorthAsking(of)).toBe(asked);
});

test.each<[string, [number, number][], [number, number][]]>([
  ['nothing', [], [[10, 20]]],
  ['all', [[10, 20]], []],
  ['more than all', [[0, 100]], []],
  ['the beginning', [[10, 5]], [[15, 15]]],
  ['the end', [[25, 5]], [[10, 15]]],
  [
    'the middle',
    [[15, 5]],
    [
      [10, 5],
      [20, 10],
    ],
  ],
  [
    'parts in no order that overlap',
    [
      [24, 2],
      [12, 4],
      [14, 4],
    ],
    [
      [10, 2],
      [18, 6],
      [26, 4],
    ],
  ],
  [
    'parts outside',
    [
      [0, 10],
      [30, 5],
    ],
    [[10, 20]],
  ],
])('what is left where %s is covered', (_, covered, left) => {
  const range = ([at, bytes]: [number, number]): Range => ({ at, bytes });
  expect(uncovered({ at: 10, bytes: 20 }, covered.map(range))).toEqual(left.map(range));
});
