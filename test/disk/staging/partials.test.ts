// Parts of transfers that were cut: what is kept of them, and what is gone on from.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FileEntry } from '../../../src/core/entry.js';
import { dropPartials, Partials, release } from '../../../src/disk/staging/partials.js';
import { StagedFile } from '../../../src/disk/staging/staged-file.js';
import { own, p } from '../../support/disk-site.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

const MIB = 1 << 20;

let root: string;
beforeEach(() => {
  root = makeRoot('staging');
});
afterEach(() => removeRoot(root));

const large = (digit: string): FileEntry => ({
  type: 'file',
  size: 100 * MIB,
  mtime: 1,
  mode: 0o644,
  hash: digit.repeat(64),
});

test('a part is deleted when another content is received for its path', () => {
  const partials = new Partials(own(root));
  const parts = () => fs.readdirSync(root).map((name) => name.slice(0, 1));
  const receive = (digit: string, of: string) => {
    const name = partials.take(large(digit), p(of))!;
    fs.writeFileSync(path.join(root, name), '');
    fs.truncateSync(path.join(root, name), 5 * MIB);
    release(own(root), name);
  };
  receive('1', 'x');
  // The same content once more: its part is gone on from.
  receive('1', 'x');
  receive('2', 'y');
  expect(parts()).toEqual(['1', '2']);
  receive('3', 'x');
  expect(parts()).toEqual(['2', '3']);
});

test.each<[it: string, isPart: boolean, written: number]>([
  ['that is no part', false, 0],
  ['to which something was written already', true, 3],
])('nothing is gone on from in a staged file %s', async (_, isPart, written) => {
  const name = 'staged';
  if (isPart) fs.writeFileSync(path.join(root, name), '012345');
  const staged = new StagedFile(own(root), name, { ...large('1'), size: 6 }, isPart);
  if (written > 0) await staged.write(Buffer.alloc(written), false);
  await expect(staged.resume(3, false)).rejects.toMatchObject({ code: 'ENOENT' });
  staged.discard();
});

test('a transfer goes on from a single byte', async () => {
  const name = 'staged';
  fs.writeFileSync(path.join(root, name), '0123');
  const content = Buffer.from('0ab');
  const hash = createHash('sha256').update(content).digest('hex');
  const staged = new StagedFile(own(root), name, { ...large('1'), size: 3, hash }, true);
  await staged.resume(1, false);
  await staged.write(content.subarray(1), true);
  expect(staged.isSound()).toBe(true);
  staged.discard();
});

test('a part that is left for a later transfer is closed', async () => {
  const staged = new StagedFile(own(root), 'staged', large('1'), true);
  await staged.write(Buffer.alloc(5 * MIB, 1), false);
  expect(staged.stats().size).toBe(5 * MIB);
  staged.leave();
  expect(fs.statSync(path.join(root, 'staged')).size).toBe(5 * MIB);
  expect(() => staged.stats()).toThrow();
});

test('of all parts that are deleted the one that is being received stays', () => {
  const directory = own(root);
  const name = new Partials(directory).take(large('1'), p('x'))!;
  for (const part of [name, `${'2'.repeat(64)}.part`]) fs.writeFileSync(path.join(root, part), 'x');
  dropPartials(directory);
  expect(fs.readdirSync(root)).toEqual([name]);
  release(directory, name);
  dropPartials(directory);
  expect(fs.readdirSync(root)).toEqual([]);
});
