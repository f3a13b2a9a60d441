// Which parts of a content have data, at the limits of block size, hole size and content size.
import { expect, test } from 'vitest';
import { dataRuns, SPARSE_BYTES } from '../../src/core/data-runs.js';

const BLOCK = 4096;
const HOLE = 16 << 10;

/** `length` bytes of zeros, but for single bytes at these places. */
function content(length: number, ...data: number[]): Buffer {
  const made = Buffer.alloc(length);
  for (const at of data) made[at] = 7;
  return made;
}
const runsOf = (data: Buffer, position = 0, size = SPARSE_BYTES) =>
  dataRuns(data, position, size).map(({ from, to }) => `${from}-${to}`);

test.each<[it: string, data: Buffer, runs: string[]]>([
  ['nothing but zeros', content(3 * BLOCK), []],
  ['nothing at all', content(0), []],
  ['one byte at the beginning', content(3 * BLOCK, 0), ['0-4096']],
  ['one at the end', content(3 * BLOCK, 3 * BLOCK - 1), ['8192-12288']],
  ['one in the middle of a block', content(3 * BLOCK, BLOCK + 9), ['4096-8192']],
  ['the last block is short', content(BLOCK + 5, BLOCK + 2), ['4096-4101']],
  ['blocks side by side', content(3 * BLOCK, 1, BLOCK + 1), ['0-8192']],
  ['a hole that is one byte too short', content(2 * BLOCK + HOLE, 0, BLOCK + HOLE - BLOCK), [`0-${BLOCK + HOLE}`]],
  [
    'a hole that is worth it',
    content(2 * BLOCK + HOLE, 0, BLOCK + HOLE),
    ['0-4096', `${BLOCK + HOLE}-${2 * BLOCK + HOLE}`],
  ],
])('%s', (_, data, runs) => {
  expect(runsOf(data)).toEqual(runs);
});

test('blocks are those of the file, wherever the piece begins', () => {
  expect(runsOf(content(2 * BLOCK, 99), 100)).toEqual(['0-3996']);
  expect(runsOf(content(2 * BLOCK, BLOCK - 100), 100)).toEqual(['3996-8092']);
  expect(runsOf(content(2 * BLOCK, 2 * BLOCK - 1), 100)).toEqual(['8092-8192']);
});

test('short contents are not searched for holes', () => {
  expect(runsOf(content(BLOCK), 0, 65_535)).toEqual(['0-4096']);
  expect(runsOf(content(BLOCK), 0, 65_536)).toEqual([]);
});
