// What lies beside a destination while two downloads go there at once, and links that lie there.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PartialFile } from '../../src/client/partial-file.js';

let directory: string;
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-partial-'));
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

const data = Buffer.alloc(1000, 'content');
const hash = createHash('sha256').update(data).digest('hex');

test('of two that begin at one destination the former knows that its name is gone, and takes nothing away', async () => {
  const to = path.join(directory, 'out');
  const one = PartialFile.begin(to, hash);
  await one.add(data.subarray(0, 400), data.length);
  const two = PartialFile.begin(to, hash);
  await two.add(data.subarray(0, 100), data.length);
  await one.add(data.subarray(400), data.length);
  expect([one.isWhole(), one.hasName(), two.hasName()]).toEqual([true, false, true]);
  one.discard();
  expect(fs.readFileSync(two.place)).toEqual(data.subarray(0, 100));
  two.keep();
});

test('a link in its place is not followed', async () => {
  const to = path.join(directory, 'out');
  fs.writeFileSync(path.join(directory, 'other'), 'other');
  fs.symlinkSync('other', `${to}.${hash}.part`);
  expect(await PartialFile.find(to)).toBeNull();
  const begun = PartialFile.begin(to, hash);
  await begun.add(data, data.length);
  begun.finish(0o4644, new Date());
  begun.close();
  expect(fs.readFileSync(path.join(directory, 'other'), 'utf8')).toBe('other');
  expect(fs.lstatSync(begun.place).mode & 0o7777).toBe(0o644);
});

test.each([1_700_000_000_000, 1_700_000_000_123, 1_763_719_331_999, 1])(
  'a time of %i ms comes back exactly',
  async (time) => {
    const begun = PartialFile.begin(path.join(directory, 'out'), hash);
    await begun.add(data, data.length);
    begun.finish(0o644, new Date(time));
    begun.close();
    expect(fs.statSync(begun.place, { bigint: true }).mtimeNs / 1000n).toBe(BigInt(time) * 1000n);
  },
);

test('what has a second name elsewhere, or is somebody else’s, is neither gone on with nor written to', async () => {
  const to = path.join(directory, 'out');
  const theirs = path.join(directory, 'theirs');
  fs.writeFileSync(theirs, 'theirs');
  fs.linkSync(theirs, `${to}.${hash}.part`);
  expect(await PartialFile.find(to)).toBeNull();
  const begun = PartialFile.begin(to, hash);
  await begun.add(data, data.length);
  begun.finish(0o600, new Date());
  begun.close();
  expect(fs.readFileSync(theirs, 'utf8')).toBe('theirs');
});

test('it knows whether it is what took its name in the end', async () => {
  const begun = PartialFile.begin(path.join(directory, 'out'), hash);
  await begun.add(data, data.length);
  begun.finish(0o600, new Date());
  const to = path.join(directory, 'out');
  fs.renameSync(begun.place, to);
  expect(begun.isAt(to)).toBe(true);
  fs.rmSync(to);
  fs.writeFileSync(to, data);
  expect(begun.isAt(to)).toBe(false);
  begun.close();
});
