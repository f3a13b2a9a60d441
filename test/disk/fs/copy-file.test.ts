// What a copy has of a file where the file system has no hard links.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { copyDurably } from '../../../src/disk/fs/copy-file.js';
import { microseconds } from '../../../src/disk/fs/signature.js';
import { TIME } from '../../support/disk-site.js';
import { makeRoot, put, removeRoot } from '../../support/trees.js';

let root: string;
beforeEach(() => {
  root = makeRoot('copy');
});
afterEach(() => removeRoot(root));

const at = (name: string): string => path.join(root, name);
const copied = (to = 'copy') => copyDurably(at('x'), at(to), fs.lstatSync(at('x')));

test('content, mode and time, and it is another file', () => {
  const content = Buffer.alloc((1 << 20) + 3, 'content');
  put(root, { x: content });
  fs.chmodSync(at('x'), 0o751);
  fs.utimesSync(at('x'), TIME / 1e6, TIME / 1e6);
  const { ino } = copied();
  const [x, copy] = [fs.statSync(at('x')), fs.statSync(at('copy'))];
  expect([copy.mode, microseconds(copy.mtimeMs), ino]).toEqual([x.mode, microseconds(x.mtimeMs), copy.ino]);
  expect(copy.ino).not.toBe(x.ino);
  expect(fs.readFileSync(at('copy')).equals(content)).toBe(true);
});

test('of a link the target', () => {
  put(root, { x: { link: 'gone' } });
  const { ino } = copied();
  expect([fs.readlinkSync(at('copy')), ino]).toEqual(['gone', fs.lstatSync(at('copy')).ino]);
});

test('nothing where another file has come to the path of the source, or a file to that of the copy', () => {
  put(root, { x: 'mine', there: 'theirs' });
  const expected = fs.lstatSync(at('x'));
  put(root, { other: 'other' });
  fs.renameSync(at('other'), at('x'));
  expect(() => copyDurably(at('x'), at('copy'), expected)).toThrow(expect.objectContaining({ code: 'ESTALE' }));
  expect(fs.existsSync(at('copy'))).toBe(false);
  expect(() => copied('there')).toThrow(expect.objectContaining({ code: 'EEXIST' }));
  expect(fs.readFileSync(at('there'), 'utf8')).toBe('theirs');
});
