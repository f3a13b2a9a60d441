import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BlockIndex } from '../../../src/disk/content/block-index.js';
import { Roller } from '../../../src/disk/content/rolling-crc.js';
import { coarseSums, readSums, recallSums, rememberSums } from '../../../src/disk/fs/block-sums.js';
import { noise, sumsOf } from '../../support/delta.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

const MIB = 1 << 20;

describe('checksums', () => {
  test('are the CRCs of the first half and of the whole of each block, whatever the sizes of the pieces', () => {
    const data = noise(MIB + 10_000, 1);
    const { blockBytes } = coarseSums(data.length)!;
    const expected = [...sumsOf(data, blockBytes)];
    fc.assert(
      fc.property(fc.array(fc.nat(data.length), { maxLength: 8 }), (cuts) => {
        const sums = coarseSums(data.length)!;
        let from = 0;
        for (const cut of [...cuts.sort((x, y) => x - y), data.length]) {
          sums.update(data.subarray(from, cut));
          from = cut;
        }
        expect([...sums.words]).toEqual(expected);
      }),
    );
  });

  test('are computed for ranges of a file', async () => {
    const root = makeRoot('sums');
    onTestFinished(() => removeRoot(root));
    const data = noise(3 * MIB + 5, 2);
    fs.writeFileSync(path.join(root, 'f'), data);
    const fd = fs.openSync(path.join(root, 'f'), 'r');
    onTestFinished(() => fs.closeSync(fd));
    const ranges = [
      { at: 3, bytes: 5_000 },
      { at: 10_000, bytes: 2 * MIB + 1 },
    ];
    const words = await readSums(fd, 1024, ranges);
    const expected = ranges.flatMap(({ at, bytes }) => [...sumsOf(data.subarray(at, at + bytes), 1024)]);
    expect([...words!]).toEqual(expected);
    expect(await readSums(fd, 1024, [{ at: 3 * MIB, bytes: 2048 }])).toBeNull();
  });

  test('are cached by the hash of the content; the least recently used leave first', () => {
    const size = 64 * MIB;
    const sums = () => coarseSums(size)!;
    for (let n = 0; n < 2_000; n++) {
      rememberSums(`hash ${n}`, sums());
      expect(recallSums('hash 0', sums().blockBytes)).not.toBeNull();
    }
    expect(recallSums('hash 1', sums().blockBytes)).toBeNull();
    expect(recallSums('hash 1999', sums().blockBytes)).not.toBeNull();
    expect(recallSums('hash 1999', 2 * sums().blockBytes)).toBeNull();
    expect(coarseSums(MIB - 1)).toBeNull();
  });
});

describe('a rolled window', () => {
  test.each([1024, 4096, 8192, 1 << 17])(
    'of %d bytes finds a block at any position, and nothing else',
    (blockBytes) => {
      const base = noise(4 * blockBytes, 3);
      const index = new BlockIndex(blockBytes, [{ at: 0, bytes: base.length }], sumsOf(base, blockBytes));
      const roller = new Roller(blockBytes);
      for (const at of [1, 2, 255, 1000]) {
        const data = Buffer.concat([noise(at, 4), base.subarray(2 * blockBytes)]);
        expect(roller.find(data, data.length - blockBytes, index)).toBe(at);
      }
      expect(roller.find(noise(3 * blockBytes, 5), 2 * blockBytes, index)).toBe(0);
    },
  );
});

describe('an index', () => {
  const blocks = [1, 2, 2, 3, 2].map((seed) => noise(1024, seed));
  const words = sumsOf(Buffer.concat(blocks), 1024);
  const ranges = [
    { at: 0, bytes: 2048 },
    { at: 9000, bytes: 3 * 1024 + 1000 },
  ];
  const index = new BlockIndex(1024, ranges, words);

  test('has the positions of its blocks', () => {
    expect([...index.places]).toEqual([0, 1024, 9000, 10024, 11048]);
  });

  test.each<[number, number, number]>([
    [0, -1, 0],
    [1, -1, 1],
    [2, -1, 1],
    [2, 2, 2],
    [4, 4, 4],
    [4, 3, 1],
  ])('finds block %d, best at %d, at %d', (block, likely, found) => {
    expect(index.find(words[block * 2]!, words[block * 2 + 1]!, likely)).toBe(found);
  });

  test('finds nothing by one checksum alone', () => {
    expect(index.has(words[1]!)).toBe(true);
    expect(index.find(words[0]! ^ 1, words[1]!, -1)).toBe(-1);
    expect(index.has(words[1]! ^ 1)).toBe(false);
    expect(new BlockIndex(1024, [], new Uint32Array()).has(0)).toBe(false);
  });
});
