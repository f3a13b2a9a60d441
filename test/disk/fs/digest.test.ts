// Contents of files that change while they are read.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { type Digest, digestLarge, digestSmall } from '../../../src/disk/fs/digest.js';
import { whileChanging } from '../../support/changing.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

const MIB = 1 << 20;

let root: string;
let file: string;
beforeEach(() => {
  root = makeRoot('digest');
  file = path.join(root, 'log');
  fs.writeFileSync(file, Buffer.alloc(3 * MIB + 5, 'x'));
});
afterEach(() => removeRoot(root));

const digest = (isOverdue: boolean): Promise<Digest> => digestLarge(file, 7, new AbortController().signal, isOverdue);
const hashOf = (content: Buffer) => createHash('sha256').update(content).digest('hex');
const append = () => fs.appendFileSync(file, 'another line\n');

test('one that holds still is read, overdue or not', async () => {
  const read = { kind: 'read', at: 7, hash: hashOf(fs.readFileSync(file)) };
  expect([await digest(false), await digest(true)]).toMatchObject([read, read]);
});

test('one that grows all the time is moving, and once it is overdue its beginning is read', async () => {
  expect(await whileChanging(append, () => digest(false))).toEqual({ kind: 'moving' });
  const found = await whileChanging(append, () => digest(true));
  expect(found).toMatchObject({ kind: 'beginning', at: 7 });
  const { hash, stats } = found as Digest & { kind: 'beginning' };
  expect(stats.size).toBeLessThan(fs.statSync(file).size);
  expect(hash).toBe(hashOf(fs.readFileSync(file).subarray(0, stats.size)));
});

test('one that is rewritten while it is read is moving, also if it is overdue: its parts are of several moments', async () => {
  const fd = fs.openSync(file, 'r+');
  let n = 0;
  const rewrite = () => {
    append();
    fs.writeSync(fd, String(n++).padStart(9), MIB);
  };
  expect(await whileChanging(rewrite, () => digest(true))).toEqual({ kind: 'moving' });
  fs.closeSync(fd);
});

test('one that becomes shorter is moving', async () => {
  let size = 3 * MIB;
  const cut = () => fs.truncateSync(file, --size);
  expect(await whileChanging(cut, () => digest(true))).toEqual({ kind: 'moving' });
});

test('a large one that grows is moving: it would be read and sent again and again', async () => {
  fs.truncateSync(file, 64 * MIB + 1);
  expect(await whileChanging(append, () => digest(true))).toEqual({ kind: 'moving' });
});

test('one that is gone, a link or below a file is moving, and one that the system refuses has failed', async () => {
  fs.symlinkSync('log', path.join(root, 'link'));
  const of = (name: string) => digestLarge(path.join(root, name), 7, new AbortController().signal);
  const small = (name: string) => digestSmall(path.join(root, name), 7);
  for (const name of ['gone', 'link', 'log/x']) {
    expect([await of(name), small(name)]).toEqual([{ kind: 'moving' }, { kind: 'moving' }]);
  }
  const failed = { kind: 'failed', error: expect.objectContaining({ code: 'ENAMETOOLONG' }) };
  const long = 'x'.repeat(300);
  expect([await of(long), small(long)]).toEqual([failed, failed]);
});

test('a pipe, to which nobody may ever write, is moving', async () => {
  const pipe = path.join(root, 'pipe');
  execFileSync('mkfifo', [pipe]);
  expect(digestSmall(pipe, 7)).toEqual({ kind: 'moving' });
  expect(await digestLarge(pipe, 7, new AbortController().signal)).toEqual({ kind: 'moving' });
});

test('a small one of which less can be read than its size says is moving', () => {
  fs.writeFileSync(file, 'twelve bytes');
  expect(digestSmall(file, 7)).toMatchObject({ kind: 'read', at: 7, hash: hashOf(Buffer.from('twelve bytes')) });
  onTestFinished(() => {
    vi.restoreAllMocks();
    syncBuiltinESMExports();
  });
  vi.spyOn(fs, 'readSync').mockReturnValueOnce(0);
  syncBuiltinESMExports();
  expect(digestSmall(file, 7)).toEqual({ kind: 'moving' });
});
