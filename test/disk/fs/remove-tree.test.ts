// Whatever stands at a path is removed, and nothing beside it.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { removeTree } from '../../../src/disk/fs/remove-tree.js';
import { makeRoot, put, readTree, removeRoot, type Tree } from '../../support/trees.js';

let root: string;
beforeEach(() => {
  root = makeRoot('remove-tree');
});
afterEach(() => removeRoot(root));

test.each<[it: string, tree: Tree]>([
  ['a file', { x: 'x' }],
  ['an empty directory', { x: {} }],
  ['a directory with all that is in it', { x: { a: { b: 'b', c: {} }, d: 'd', l: { link: '../y' } } }],
  ['a link, but not what it leads to', { x: { link: 'y' } }],
  ['nothing', {}],
])('%s is removed', (_, tree) => {
  put(root, { y: { z: 'z' }, ...tree });
  removeTree(path.join(root, 'x'));
  expect(readTree(root)).toEqual({ y: { z: 'z' } });
});

test('a directory that is removed is closed', () => {
  put(root, { x: { a: 'a' } });
  const closed = vi.spyOn(fs, 'closeSync');
  const opened = vi.spyOn(fs, 'openSync');
  removeTree(path.join(root, 'x'));
  expect(closed.mock.calls.map(([fd]) => fd)).toEqual(opened.mock.results.map(({ value }) => value));
  expect(closed).toHaveBeenCalledTimes(1);
});

test.each([
  ['EACCES', 'EACCES'],
  // So some systems say that it is a directory.
  ['EPERM', 'ENOTDIR'],
  ['EISDIR', 'ENOTDIR'],
])('a file that cannot be removed is an error: %s', (code, told) => {
  put(root, { x: 'x' });
  vi.spyOn(fs, 'unlinkSync').mockImplementation(() => {
    throw Object.assign(new Error(code), { code });
  });
  expect(() => removeTree(path.join(root, 'x'))).toThrow(expect.objectContaining({ code: told }));
  expect(readTree(root)).toEqual({ x: 'x' });
});
