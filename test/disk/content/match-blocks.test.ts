// Where the search for blocks looks, and what it passes over.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { BlockIndex } from '../../../src/disk/content/block-index.js';
import { BlockSearch, type Match } from '../../../src/disk/content/match-blocks.js';
import { noise, sumsOf } from '../../support/delta.js';

const BLOCK = 1 << 16;

/** @returns where the one block of a basis file is found in ranges of a file with this content. */
const found = (
  block: Buffer,
  content: Buffer,
  ranges?: { at: number; bytes: number }[],
  own: Uint32Array | null = null,
): Promise<Match[]> => foundOf(block, [{ at: 0, bytes: BLOCK }], content, ranges, own);

/** @returns where blocks at these places of a basis file are found in ranges of a file with this content. */
async function foundOf(
  blocks: Buffer,
  places: { at: number; bytes: number }[],
  content: Buffer,
  ranges = [{ at: 0, bytes: content.length }],
  own: Uint32Array | null = null,
): Promise<Match[]> {
  const index = new BlockIndex(BLOCK, places, sumsOf(blocks, BLOCK));
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-search-'));
  const file = path.join(directory, 'content');
  fs.writeFileSync(file, content);
  const fd = fs.openSync(file, 'r');
  try {
    const search = new BlockSearch({ fd, size: content.length, own }, index);
    const matches: Match[] = [];
    for (const range of ranges) for await (const match of search.matches(range)) matches.push(match);
    return matches;
  } finally {
    fs.closeSync(fd);
    fs.rmSync(directory, { recursive: true });
  }
}

test('a block after less than eight blocks of other content is found, wherever it begins', async () => {
  const block = noise(BLOCK, 1);
  // The search rolls 256 KiB at a time: what begins just after them would be the first to be passed over.
  for (const before of [1, 3 * BLOCK + 7, 4 * BLOCK, 4 * BLOCK + 1, 4 * BLOCK + 100, 7 * BLOCK]) {
    const content = Buffer.concat([noise(before, 2), block, noise(10, 3)]);
    expect(await found(block, content)).toEqual([{ at: before, from: 0, bytes: BLOCK }]);
  }
});

test('ranges may be searched in any order', async () => {
  const block = noise(BLOCK, 1);
  const content = Buffer.concat([noise(BLOCK, 2), block, noise(40 * BLOCK, 3), block]);
  const halves = [1, 0].map((half) => ({ at: half * 21 * BLOCK, bytes: 22 * BLOCK }));
  const at = [42 * BLOCK, BLOCK];
  expect(await found(block, content, halves)).toEqual(at.map((at) => ({ at, from: 0, bytes: BLOCK })));
});

test('a block in a part that is skipped is found where the checksums of the file are cached', async () => {
  const block = noise(BLOCK, 1);
  // After eight blocks of other content one block is skipped; the next one begins in there.
  const content = Buffer.concat([noise(9 * BLOCK, 2), block, noise(20 * BLOCK, 3)]);
  const all = [{ at: 0, bytes: content.length }];
  expect(await found(block, content, all, null)).toEqual([]);
  const match = { at: 9 * BLOCK, from: 0, bytes: BLOCK };
  expect(await found(block, content, all, sumsOf(content, BLOCK))).toEqual([match]);
});

test('blocks that follow each other here, but not in the basis file, are two matches', async () => {
  const blocks = noise(3 * BLOCK, 1);
  const places = [
    { at: 0, bytes: 2 * BLOCK },
    { at: 10 * BLOCK, bytes: BLOCK },
  ];
  expect(await foundOf(blocks, places, blocks)).toEqual([
    { at: 0, from: 0, bytes: 2 * BLOCK },
    { at: 2 * BLOCK, from: 10 * BLOCK, bytes: BLOCK },
  ]);
});

test('a block after a long match and less than eight blocks of other content is found', async () => {
  const blocks = noise(2 * BLOCK, 1);
  const content = Buffer.concat([blocks, noise(4 * BLOCK + 10, 2), blocks.subarray(0, BLOCK)]);
  expect(await foundOf(blocks, [{ at: 0, bytes: 2 * BLOCK }], content)).toEqual([
    { at: 0, from: 0, bytes: 2 * BLOCK },
    { at: 6 * BLOCK + 10, from: 0, bytes: BLOCK },
  ]);
});

test('a file is read to its last byte, however many bytes are left for the last reading', async () => {
  const block = noise(BLOCK, 1);
  // A little more than is in memory at a time, of which the second range needs the last bytes.
  for (const more of [0, 1, 2]) {
    const before = noise((1 << 20) + (1 << 18) + more, 2);
    const content = Buffer.concat([before, block]);
    const ranges = [0, before.length - BLOCK - 9].map((at) => ({ at, bytes: at === 0 ? 2 * BLOCK : 2 * BLOCK + 9 }));
    expect(await found(block, content, ranges)).toEqual([{ at: before.length, from: 0, bytes: BLOCK }]);
  }
});

test('a file that is shorter than it was is an error', async () => {
  const block = noise(BLOCK, 1);
  const content = noise(3 * BLOCK, 2);
  const index = new BlockIndex(BLOCK, [{ at: 0, bytes: BLOCK }], sumsOf(block, BLOCK));
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-search-'));
  fs.writeFileSync(path.join(directory, 'content'), content);
  const fd = fs.openSync(path.join(directory, 'content'), 'r');
  const search = new BlockSearch({ fd, size: 4 * BLOCK, own: null }, index);
  await expect(search.matches({ at: 0, bytes: 4 * BLOCK }).next()).rejects.toMatchObject({ code: 'ENOENT' });
  fs.closeSync(fd);
  fs.rmSync(directory, { recursive: true });
});

test('a block that is larger than what is read at a time is found', async () => {
  const LARGE = 1 << 21;
  const block = noise(LARGE, 1);
  const index = new BlockIndex(LARGE, [{ at: 0, bytes: LARGE }], sumsOf(block, LARGE));
  const content = Buffer.concat([noise(LARGE + 7, 2), block, noise(LARGE, 3)]);
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-search-'));
  fs.writeFileSync(path.join(directory, 'content'), content);
  const fd = fs.openSync(path.join(directory, 'content'), 'r');
  const matches: Match[] = [];
  const search = new BlockSearch({ fd, size: content.length, own: null }, index);
  for await (const match of search.matches({ at: 0, bytes: content.length })) matches.push(match);
  expect(matches).toEqual([{ at: LARGE + 7, from: 0, bytes: LARGE }]);
  fs.closeSync(fd);
  fs.rmSync(directory, { recursive: true });
});
