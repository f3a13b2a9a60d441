import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { makeNamesDurable } from '../../../src/disk/fs/durable-names.js';
import { LocalReplica } from '../../../src/disk/local-replica.js';
import { openRoot } from '../../../src/disk/state/root.js';
import { openStateDirectory } from '../../../src/disk/state/state-directory.js';
import { silent } from '../../../src/log.js';
import { p } from '../../support/disk-site.js';
import { makeRoot, put, removeRoot } from '../../support/trees.js';

let root: string;
beforeEach(() => {
  root = makeRoot('names');
});
afterEach(() => removeRoot(root));

/** The directories that are flushed meanwhile, relative to the root. */
function flushed(): string[] {
  const { fsync } = fs;
  const found: string[] = [];
  vi.spyOn(fs, 'fsync').mockImplementation((fd, done) => {
    found.push(path.relative(root, fs.readlinkSync(`/proc/self/fd/${fd}`)));
    fsync(fd, done);
  });
  return found;
}

test.runIf(process.platform === 'linux')(
  'flushes every directory, except what is gone or is no directory',
  async () => {
    put(root, { d: { e: { f: 'x' } }, file: 'y' });
    fs.symlinkSync('d', path.join(root, 'link'));
    const found = flushed();
    await makeNamesDurable(root, ['', p('d'), p('d/e'), p('gone'), p('file'), p('link')]);
    expect(found).toEqual(['', 'd', 'd/e']);
  },
);

test.each([
  ['after a kill, before the first of them is told', { ofMachine: false }, ['', 'd']],
  ['not after a power cut: what is there is on the disk', { ofMachine: true }, []],
  ['not after an orderly end', null, []],
] as const)('a replica flushes its names %s', async (_when, crash, expected) => {
  put(root, { d: { f: 'x' } });
  const state = { ...openStateDirectory(root, silent), crash };
  const replica = new LocalReplica({ root: openRoot(root), state, ignore: [], log: silent });
  onTestFinished(async () => {
    await replica.close();
    state.release();
  });
  const found = flushed();
  await replica.scan('everything');
  await replica.scan('everything');
  expect(found).toEqual(expected);
});

test('throws where the disk fails', async () => {
  vi.spyOn(fs, 'fsync').mockImplementation((_fd, done) => done(Object.assign(new Error('EIO'), { code: 'EIO' })));
  await expect(makeNamesDurable(root, [''])).rejects.toThrow('EIO');
});
