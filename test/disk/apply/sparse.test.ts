// Sparse files stay sparse on the other side, however a content is transferred, and have exactly the same bytes.

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PartialFile } from '../../../src/client/partial-file.js';
import { dataRuns, SPARSE_BYTES } from '../../../src/core/data-runs.js';
import { HeldFiles } from '../../../src/disk/apply/held-files.js';
import { IncomingUpload } from '../../../src/disk/apply/incoming-upload.js';
import { offerFor } from '../../../src/disk/apply/offer.js';
import { readContents } from '../../../src/disk/content/read.js';
import { linkOrCopy } from '../../../src/disk/fs/move.js';
import { StagedFile } from '../../../src/disk/staging/staged-file.js';
import { Staging } from '../../../src/disk/staging/staging.js';
import { noise } from '../../support/delta.js';
import { DiskSite, file, own, p, stream } from '../../support/disk-site.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

const KIB = 1 << 10;
const MIB = 1 << 20;
const SEED = Number(process.env.LOCKSTEP_TEST_SEED ?? Date.now() % 2 ** 31);
const hashOf = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

let root = '';
beforeAll(() => {
  root = makeRoot('sparse');
});
afterAll(() => removeRoot(root));

/** Bytes that a file takes on its disk. */
const taken = (absolute: string): number => fs.statSync(absolute).blocks * 512;

/** Whether the file system supports holes. */
const missing = (() => {
  const probe = makeRoot('sparse-probe');
  fs.writeFileSync(path.join(probe, 'f'), '');
  fs.truncateSync(path.join(probe, 'f'), 8 * MIB);
  const holes = taken(path.join(probe, 'f')) < MIB;
  removeRoot(probe);
  return holes ? '' : ' (skipped: this file system has no holes)';
})();

/** 8 MiB with 8 KiB of data in the middle of them, and a hole at the end. */
const HOLLOW = Buffer.alloc(8 * MIB);
noise(8 * KIB, 1).copy(HOLLOW, 5 * MIB);

describe('the parts that are written', () => {
  test.each<[string, Buffer, number, number[][]]>([
    ['all of what is data', noise(12 * KIB, 1), 0, [[0, 12 * KIB]]],
    ['nothing of zeros', Buffer.alloc(MIB), 0, []],
    ['nothing of zeros at an odd place', Buffer.alloc(MIB), 4095, []],
    ['nothing of nothing', Buffer.alloc(0), 0, []],
    ['a block with one byte', Buffer.alloc(12 * KIB).fill(1, 5000, 5001), 0, [[4096, 8192]]],
    ['a block with one byte, at an odd place', Buffer.alloc(12 * KIB).fill(1, 5000, 5001), 100, [[3996, 8092]]],
    ['a last byte', Buffer.alloc(4097).fill(1, 4096), 0, [[4096, 4097]]],
    [
      'a short hole between data',
      Buffer.alloc(12 * KIB)
        .fill(1, 0, 1)
        .fill(1, 12 * KIB - 1),
      0,
      [[0, 12 * KIB]],
    ],
    [
      'blocks on both sides of a hole',
      Buffer.alloc(24 * KIB)
        .fill(1, 0, 1)
        .fill(1, 24 * KIB - 1),
      0,
      [
        [0, 4096],
        [20 * KIB, 24 * KIB],
      ],
    ],
  ])('%s', (_, data, position, runs) => {
    expect(dataRuns(data, position, MIB)).toEqual(runs.map(([from, to]) => ({ from, to })));
  });

  test('a short content is written with its zeros', () => {
    expect(dataRuns(Buffer.alloc(8 * KIB), 0, SPARSE_BYTES - 1)).toEqual([{ from: 0, to: 8 * KIB }]);
  });
});

/** A content with runs of zeros and of data of all lengths, by seed. */
function patchwork(seed: number): Buffer {
  let state = seed;
  const chance = (below: number): number => {
    state = (state * 16_807) % 2_147_483_647;
    return state % below;
  };
  const parts: Buffer[] = [];
  for (let n = 0; n < 12; n++) {
    const bytes = chance(3) === 0 ? 4096 * chance(20) : chance(30_000);
    parts.push(chance(2) === 0 ? Buffer.alloc(bytes) : noise(bytes, state));
  }
  return Buffer.concat(parts);
}

describe(`contents with holes anywhere, seeds from ${SEED}`, () => {
  test.each(Array.from({ length: 20 }, (_, n) => (SEED % 2_000_000_000) + n + 1))('seed %i', async (seed) => {
    const content = patchwork(seed);
    const pieceBytes = 1 + (seed % 70_000);
    const context = await DiskSite.open({ old: 'old' });
    const change = context.change('f', file(content));
    const outcomes = await context.outcomes([change], stream([content], pieceBytes));
    expect(outcomes).toMatchObject([{ kind: 'done' }]);
    expect(fs.readFileSync(context.at('f')).equals(content)).toBe(true);
  });
});

test('bytes of an earlier transfer after the used part do not appear in a hole', async () => {
  const at = path.join(root, `${hashOf(HOLLOW)}.part`);
  fs.writeFileSync(at, Buffer.concat([HOLLOW.subarray(0, MIB), Buffer.alloc(6 * MIB, 0xff)]));
  const staged = new StagedFile(own(root), path.basename(at), file(HOLLOW), true);
  await staged.resume(MIB, false);
  for (let position = MIB; position < HOLLOW.length; position += MIB) {
    await staged.write(HOLLOW.subarray(position, position + MIB), position + MIB === HOLLOW.length);
  }
  expect(staged.isSound()).toBe(true);
  await staged.flush();
  expect(fs.readFileSync(at).equals(HOLLOW)).toBe(true);
  staged.discard();
});

test('a transfer that is interrupted in a hole resumes after it', async () => {
  const at = path.join(root, `${hashOf(HOLLOW)}.part`);
  const staged = new StagedFile(own(root), path.basename(at), file(HOLLOW), true);
  for (let n = 0; n < 7; n++) await staged.write(HOLLOW.subarray(n * MIB, (n + 1) * MIB), false);
  staged.leave();
  expect(fs.statSync(at).size).toBe(7 * MIB);
  fs.rmSync(at);
});

describe.skipIf(missing !== '')(`a sparse file takes as little space${missing}`, () => {
  const LITTLE = 64 * KIB;

  test.each([256 * KIB, MIB, 16 * MIB])('when it is received in pieces of %i', async (pieceBytes) => {
    const context = await DiskSite.open();
    expect(await context.outcomes([context.change('f', file(HOLLOW))], stream([HOLLOW], pieceBytes))).toMatchObject([
      { kind: 'done' },
    ]);
    expect(taken(context.at('f'))).toBeLessThan(LITTLE);
    expect(fs.readFileSync(context.at('f')).equals(HOLLOW)).toBe(true);
  });

  test('when it is received as a difference to a basis file', async () => {
    const source = await DiskSite.open({ f: HOLLOW });
    const next = Buffer.from(HOLLOW);
    noise(KIB, 3).copy(next, 2 * MIB);
    const context = await DiskSite.open({ f: HOLLOW });
    const change = context.change('f', file(next));
    fs.writeFileSync(source.at('f'), next);
    const offer = offerFor(context, change);
    expect(offer?.base).not.toBeNull();
    const wanted = { path: p('f'), file: file(next), ...(offer === null ? {} : { offer }) };
    const outcomes = await context.outcomes([change], readContents(source.root, [wanted]));
    expect(outcomes).toMatchObject([{ kind: 'done' }]);
    expect(outcomes[0]).toHaveProperty('sent', expect.any(Number));
    expect(taken(context.at('f'))).toBeLessThan(LITTLE);
    expect(fs.readFileSync(context.at('f')).equals(next)).toBe(true);
  });

  test('when it is held', async () => {
    const context = await DiskSite.open();
    const held = new HeldFiles(
      own(context.at('.lockstep/held')),
      new Staging(own(context.at('.lockstep/staging'))),
      context.versions,
    );
    const name = await held.save(p('f'), 1, file(HOLLOW), stream([HOLLOW]));
    expect(taken(context.at(`.lockstep/held/${name}`))).toBeLessThan(LITTLE);
  });

  test('when it is copied to versions/, on a file system without hard links', async () => {
    const at = path.join(root, 'source');
    fs.writeFileSync(at, HOLLOW.subarray(0, 6 * MIB));
    fs.truncateSync(at, HOLLOW.length);
    vi.spyOn(fs, 'linkSync').mockImplementation(() => {
      throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
    });
    linkOrCopy(at, path.join(root, 'copy'), fs.lstatSync(at));
    expect(taken(path.join(root, 'copy'))).toBeLessThan(LITTLE);
    expect(fs.readFileSync(path.join(root, 'copy')).equals(HOLLOW)).toBe(true);
  });

  test('when a client uploads it', async () => {
    const at = path.join(root, 'upload');
    const staged = new StagedFile(own(root), 'upload', { ...file(HOLLOW), hash: '' });
    const upload = new IncomingUpload(staged);
    const piece = 256 * KIB;
    for (let n = 0; n < 32; n++) await upload.take(HOLLOW.subarray(n * piece, (n + 1) * piece), n === 31);
    expect(await upload.finish(hashOf(HOLLOW))).not.toBeNull();
    expect(taken(at)).toBeLessThan(LITTLE);
    expect(fs.readFileSync(at).equals(HOLLOW)).toBe(true);
    upload.discard();
  });

  test('when a client downloads it in two attempts', async () => {
    const to = path.join(root, 'download');
    const first = PartialFile.begin(to, hashOf(HOLLOW));
    await first.add(HOLLOW.subarray(0, 3 * MIB), HOLLOW.length);
    first.keep();
    const second = await PartialFile.find(to);
    expect(second?.bytes).toBe(3 * MIB);
    await second!.add(HOLLOW.subarray(3 * MIB), HOLLOW.length);
    expect(second!.isWhole()).toBe(true);
    second!.finish(0o644, new Date(0));
    expect(taken(second!.place)).toBeLessThan(LITTLE);
    expect(fs.readFileSync(second!.place).equals(HOLLOW)).toBe(true);
  });
});
