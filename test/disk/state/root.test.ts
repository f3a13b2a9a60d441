import * as fs from 'node:fs';
import { afterAll, afterEach, expect, it } from 'vitest';
import { SyncError } from '../../../src/core/errors.js';
import { openRoot, rootFault } from '../../../src/disk/state/root.js';
import { makeRoot, put, removeRoot } from '../../support/trees.js';

const base = makeRoot('roots');
afterAll(() => removeRoot(base));
afterEach(() => {
  removeRoot(base);
  fs.mkdirSync(base);
});

it.each([
  ['is missing', 'none', /"none" cannot be synchronised: it does not exist/, /mkdir -p none.*--dir/],
  ['has a name that a shell would split', 'no ne', /does not exist/, /mkdir -p 'no ne'/],
  ['is a file', `${base}/file`, /it is not a directory/, /--dir/],
  ['lies below a file', `${base}/file/x`, /it is not a directory/, /--dir/],
])('refuses a root that %s, in words', (_case, dir, message, hint) => {
  put(base, { file: '' });
  const refuse = () => openRoot(dir);
  expect(refuse).toThrow(SyncError);
  expect(refuse).toThrow(expect.objectContaining({ code: 'usage', message: expect.stringMatching(message) }));
  expect(refuse).toThrow(expect.objectContaining({ hint: expect.stringMatching(hint) }));
});

it('resolves a root that is a link', () => {
  put(base, { real: {}, link: { link: 'real' } });
  expect(openRoot(`${base}/link`).path).toBe(`${base}/real`);
});

it.each([
  ['still there', () => {}, null],
  ['gone', (root: string) => fs.rmdirSync(root), 'root-missing'],
  ['moved away', (root: string) => fs.renameSync(root, `${root}2`), 'root-missing'],
  ['a file', (root: string) => replaced(root, () => fs.writeFileSync(root, '')), 'root-replaced'],
  ['a link', (root: string) => replaced(root, () => fs.symlinkSync(`${root}2`, root)), 'root-replaced'],
  ['another directory', (root: string) => replaced(root, () => fs.mkdirSync(root)), 'root-replaced'],
])('finds a root that is %s', (_case, change, code) => {
  put(base, { root: {} });
  const root = openRoot(`${base}/root`);
  change(root.path);
  expect(rootFault(root)?.code ?? null).toBe(code);
});

function replaced(root: string, by: () => void): void {
  fs.renameSync(root, `${root}2`);
  by();
}
