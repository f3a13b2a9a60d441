// In processes of their own: flushes that are left out stay so.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { compiled } from '../../support/compiled.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

const SCRIPT = `
import fs from 'node:fs';
const counts = {};
for (const name of ['fsync', 'fdatasync', 'fsyncSync', 'fdatasyncSync']) {
  const real = fs[name];
  fs[name] = (...given) => { counts[name] = (counts[name] ?? 0) + 1; return real(...given); };
}
const flush = await import('./disk/fs/flush.js');
if (process.argv[2] === 'out') flush.leaveFlushesOut();
const fd = fs.openSync(process.argv[3], 'r');
await flush.fsync(fd);
await flush.fdatasync(fd);
flush.fsyncSync(fd);
flush.fdatasyncSync(fd);
console.log(JSON.stringify({ counts, areFlushed: flush.areFlushed() }));
`;

const ALL = { fsync: 1, fdatasync: 1, fsyncSync: 1, fdatasyncSync: 1 };

test.each([
  ['take place', 'in', { counts: ALL, areFlushed: true }],
  ['are left out where that was said', 'out', { counts: {}, areFlushed: false }],
])('flushes %s', (_case, word, expected) => {
  const directory = compiled(['disk/fs/flush']);
  onTestFinished(() => removeRoot(directory));
  const file = path.join(directory, 'flush-them.js');
  fs.writeFileSync(file, SCRIPT);
  expect(JSON.parse(execFileSync(process.execPath, [file, word, file], { encoding: 'utf8' }))).toEqual(expected);
});

test('a flush that fails throws', async () => {
  const { fsync } = await import('../../../src/disk/fs/flush.js');
  const root = makeRoot('flush');
  onTestFinished(() => removeRoot(root));
  const fd = fs.openSync(root, 'r');
  fs.closeSync(fd);
  await expect(fsync(fd)).rejects.toMatchObject({ code: 'EBADF' });
});
