// Whatever changed in a file, the basis file and the data that was sent make up the new content, and the data is little
// more than what is new.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coarseBlockBytes } from '../../../src/core/delta.js';
import { readDifference } from '../../../src/disk/content/delta.js';
import { coarseSums, rememberSums } from '../../../src/disk/fs/block-sums.js';
import { MemoryBase, noise, transfer } from '../../support/delta.js';
import { file } from '../../support/disk-site.js';
import { sized } from '../../support/sizes.js';

const KIB = 1 << 10;
const MIB = 1 << 20;
const OLD = noise(2 * MIB + 777, 1);
const FRESH = noise(64 * KIB, 2);
/** The most bytes that are sent besides each change: parts of fine blocks on both of its sides. */
const EDGE = 4 * KIB;

const replaced = (at: number, by: Buffer, over = by.length): Buffer =>
  Buffer.concat([OLD.subarray(0, at), by, OLD.subarray(at + over)]);

describe('a file', () => {
  test.each<[string, Buffer, number]>([
    ['that is the same', OLD, EDGE],
    ['with 4 KiB changed in place', replaced(MIB, FRESH.subarray(0, 4 * KIB)), 4 * KIB + EDGE],
    ['with a byte changed', replaced(MIB + 5, FRESH.subarray(0, 1)), EDGE],
    ['with its first byte changed', replaced(0, FRESH.subarray(0, 1)), EDGE],
    ['with a byte inserted at the front', replaced(0, FRESH.subarray(0, 1), 0), EDGE],
    ['with a byte inserted in the middle', replaced(MIB + 3, FRESH.subarray(0, 1), 0), EDGE],
    ['without its first byte', OLD.subarray(1), EDGE],
    ['without its last byte', OLD.subarray(0, -1), EDGE],
    ['without a piece in the middle', replaced(MIB, Buffer.alloc(0), 100_001), EDGE],
    ['with more at its end', Buffer.concat([OLD, FRESH]), FRESH.length + EDGE],
    ['with more in front', Buffer.concat([FRESH, OLD]), FRESH.length + EDGE],
    ['cut to a half', OLD.subarray(0, MIB), EDGE],
    ['with its halves exchanged', Buffer.concat([OLD.subarray(MIB + 1), OLD.subarray(0, MIB + 1)]), 2 * EDGE],
    ['twice', Buffer.concat([OLD, OLD]), 2 * EDGE],
    ['of nothing but zeros', Buffer.alloc(3 * MIB), 3 * MIB],
    ['with nothing in common', noise(3 * MIB, 9), 3 * MIB],
    ['of one byte', Buffer.from('x'), 1],
  ])('%s', async (_, next, most) => {
    const base = new MemoryBase(OLD);
    const { content, sent } = await transfer(next, base);
    expect(content.equals(next)).toBe(true);
    expect(sent).toBeLessThanOrEqual(most);
    expect(base.asked).toBeLessThanOrEqual(2);
  });

  test('of holes is one match, though all its blocks are equal', async () => {
    const old = Buffer.concat([Buffer.alloc(2 * MIB), FRESH, Buffer.alloc(2 * MIB)]);
    const { content, sent, pieces } = await transfer(Buffer.from(old), new MemoryBase(old));
    expect(content.equals(old)).toBe(true);
    expect([sent <= EDGE, pieces <= 4]).toEqual([true, true]);
  });

  test('with every page touched is sent by pages', async () => {
    const next = Buffer.from(OLD);
    for (let at = 0; at < next.length; at += 32 * KIB) next[at + 5] = next[at + 5]! ^ 1;
    const { content, sent } = await transfer(next, new MemoryBase(OLD));
    expect(content.equals(next)).toBe(true);
    expect(sent).toBeLessThan(65 * 2 * KIB + EDGE);
  });

  test('is not sent where an earlier transfer brought its beginning', async () => {
    const next = replaced(MIB + MIB / 2, FRESH);
    for (const have of [KIB, MIB, next.length]) {
      const { content, sent } = await transfer(next, new MemoryBase(OLD), have);
      expect(content.equals(next)).toBe(true);
      expect(sent).toBeLessThanOrEqual(have === next.length ? 0 : FRESH.length + EDGE);
    }
    const whole = await transfer(next, null, MIB);
    expect([whole.content.equals(next), whole.sent]).toEqual([true, next.length - MIB]);
  });

  test('whose basis file is gone is sent whole', async () => {
    const base = new MemoryBase(OLD);
    base.sums = async () => null as unknown as Uint32Array;
    const { content, sent } = await transfer(OLD, base);
    expect([content.equals(OLD), sent]).toEqual([true, OLD.length]);
  });

  test('whose checksums are cached is not read where nothing changed', async () => {
    const next = replaced(MIB, FRESH.subarray(0, 10));
    const sums = coarseSums(next.length)!;
    sums.update(next);
    rememberSums(file(next).hash, sums);
    const { content, sent } = await transfer(next, new MemoryBase(OLD));
    expect(content.equals(next)).toBe(true);
    expect(sent).toBeLessThanOrEqual(EDGE);
  });
});

type Edit = { kind: 'insert' | 'delete' | 'replace' | 'move'; at: number; bytes: number; to: number; seed: number };

const edit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom('insert', 'delete', 'replace', 'move'),
  at: fc.nat(),
  bytes: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 200_000 })),
  to: fc.nat(),
  seed: fc.nat(1_000),
});

/** @returns the new content, and how many of its bytes are new. */
function edited(content: Buffer, edits: readonly Edit[]): [Buffer, number] {
  let fresh = 0;
  let data = content;
  for (const { kind, at: place, bytes, to, seed } of edits) {
    const at = place % (data.length + 1);
    const piece = kind === 'move' ? data.subarray(at, at + bytes) : noise(bytes, seed + 10);
    const rest = kind === 'insert' ? data.subarray(at) : data.subarray(Math.min(at + bytes, data.length));
    const without = Buffer.concat([data.subarray(0, at), rest]);
    const target = kind === 'move' ? to % (without.length + 1) : at;
    if (kind !== 'move' && kind !== 'delete') fresh += bytes;
    data = kind === 'delete' ? without : Buffer.concat([without.subarray(0, target), piece, without.subarray(target)]);
  }
  return [data, fresh];
}

test('random edits: the receiver gets the new content', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(1_000), fc.array(edit, { maxLength: 6 }), async (seed, edits) => {
      const old = noise(MIB + seed * 17, seed);
      const [next, fresh] = edited(old, edits);
      const { content, sent } = await transfer(next, new MemoryBase(old));
      expect(content.equals(next)).toBe(true);
      // A move has three edges; at most one fine block is sent on each side of an edge.
      expect(sent).toBeLessThanOrEqual(fresh + (edits.length * 3 + 1) * EDGE);
    }),
    { numRuns: sized(8, 1_000) },
  );
});

test('of a content that is there already nothing is sent, and nothing is asked', async () => {
  const base = new MemoryBase(OLD);
  const size = OLD.length;
  const pieces = [];
  for await (const piece of readDifference(3, -1, { ...file(OLD), size }, { have: size, base })) pieces.push(piece);
  expect([pieces, base.asked]).toEqual([[{ n: 3, have: size, last: true }], 0]);
});

test('by fine blocks only what was not found is asked for', async () => {
  const base = new MemoryBase(OLD);
  const coarse = coarseBlockBytes(OLD.length);
  await transfer(replaced(MIB, FRESH.subarray(0, 4 * KIB)), base);
  // All coarse blocks, and one or two of them again in 64 parts at most.
  const all = Math.floor(OLD.length / coarse);
  expect(base.blocks).toBeGreaterThan(all);
  expect(base.blocks).toBeLessThanOrEqual(all + 2 * 64);
});
