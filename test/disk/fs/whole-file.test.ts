// State files as they are replaced and set aside.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { isFile, replaceFile, setAside } from '../../../src/disk/fs/whole-file.js';
import { makeRoot, put, readTree, removeRoot } from '../../support/trees.js';

let root: string;
let file: string;
beforeEach(() => {
  root = makeRoot('whole-file');
  file = path.join(root, 'state');
});
afterEach(() => {
  vi.restoreAllMocks();
  removeRoot(root);
});

test('a file is another one where one of the same length was put in its place, or its length has changed', () => {
  put(root, { state: 'mine', other: 'your' });
  const { ino } = fs.lstatSync(file);
  expect(isFile(file, ino, 4)).toBe(true);
  fs.appendFileSync(file, '!');
  expect([isFile(file, ino, 4), isFile(file, ino, 5)]).toEqual([false, true]);
  fs.renameSync(path.join(root, 'other'), file);
  expect(isFile(file, ino, 4)).toBe(false);
  fs.unlinkSync(file);
  expect(isFile(file, ino, 4)).toBe(false);
});

test('a replacement takes the place of what a kill has left of another one', () => {
  put(root, { state: 'old', 'state.new': 'torn' });
  replaceFile(file, 'new');
  expect([readTree(root), fs.statSync(file).mode & 0o777]).toEqual([{ state: 'new' }, 0o600]);
});

test('a damaged file that is set aside keeps both names, and each one that is set aside has a name of its own', () => {
  vi.spyOn(Date.prototype, 'toISOString').mockReturnValue('2026-11-21T12:00:00.000Z');
  put(root, { state: 'damaged' });
  const aside = [1, 2, 3].map(() => path.basename(setAside(file)!));
  const stamp = 'state.damaged-2026-11-21T12-00-00.000Z';
  expect(aside).toEqual([stamp, `${stamp}-2`, `${stamp}-3`]);
  expect(readTree(root)).toEqual(Object.fromEntries(['state', ...aside].map((name) => [name, 'damaged'])));
});

test('what is set aside is a copy where the file system has no hard links, and a directory is renamed', () => {
  vi.spyOn(fs, 'linkSync').mockImplementation(() => {
    throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
  });
  put(root, { state: 'damaged' });
  expect([fs.readFileSync(setAside(file)!, 'utf8'), fs.readFileSync(file, 'utf8')]).toEqual(['damaged', 'damaged']);
  fs.unlinkSync(file);
  expect(setAside(file)).toBe(null);
  put(root, { state: { inside: 'x' } });
  expect([readTree(setAside(file)!), fs.existsSync(file)]).toEqual([{ inside: 'x' }, false]);
});
