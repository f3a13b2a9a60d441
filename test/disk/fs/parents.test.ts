import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RelPath } from '../../../src/core/path.js';
import { Parents } from '../../../src/disk/fs/parents.js';
import { openRoot } from '../../../src/disk/state/root.js';
import { makeRoot, put, readTree, removeRoot } from '../../support/trees.js';

const p = (text: string) => text as RelPath;
let root: string;
let outside: string;
let parents: Parents;
beforeEach(() => {
  root = makeRoot('parents');
  outside = makeRoot('outside');
  put(root, { a: { b: { c: {} } }, f: 'x' });
  put(outside, { b: { c: {} } });
  parents = new Parents(root);
});
afterEach(() => {
  parents.close();
  removeRoot(root);
  removeRoot(outside);
});

const write = (directory: string, name = 'new') => fs.writeFileSync(parents.at(directory as RelPath | '', name), 'new');
const swap = (name: string, to = outside) => {
  fs.renameSync(path.join(root, name), path.join(root, `${name}.old`));
  fs.symlinkSync(to, path.join(root, name));
};

describe('parents', () => {
  test.each(['', 'a', 'a/b', 'a/b/c'])('lead into %j', (directory) => {
    write(directory);
    expect(fs.readFileSync(path.join(root, directory, 'new'), 'utf8')).toBe('new');
    write(directory, 'again');
    expect(fs.readFileSync(path.join(root, directory, 'again'), 'utf8')).toBe('new');
  });

  test.each([
    ['a directory that is not there', 'gone', 'ENOENT'],
    ['one below it', 'gone/deeper', 'ENOENT'],
    ['a file', 'f', 'ENOTDIR'],
    ['one below a file', 'f/deeper', 'ENOTDIR'],
  ])('refuse %s', (_, directory, code) => {
    expect(() => parents.at(p(directory), 'x')).toThrow(expect.objectContaining({ code }));
  });

  // The directory, or one above it, is a link at the first use, or becomes one while it is open.
  test.each([
    ['a', 'a'],
    ['a/b', 'a'],
    ['a/b/c', 'a'],
    ['a/b/c', 'a/b'],
    ['a/b/c', 'a/b/c'],
  ])('do not follow links on the way to %s (%s is one)', (directory, swapped) => {
    for (const before of ['unused', 'open']) {
      if (before === 'open') parents.at(p(directory), 'x');
      swap(swapped, path.join(outside, path.relative('a', swapped)));
      expect(() => write(directory), before).toThrow(/ENOTDIR|ELOOP/);
      fs.rmSync(path.join(root, swapped));
      fs.renameSync(path.join(root, `${swapped}.old`), path.join(root, swapped));
    }
    expect(readTree(outside)).toEqual({ b: { c: {} } });
    write(directory);
  });

  test.each(['a', 'a/b', 'a/b/c'])('do not write into %s after it was moved', (moved) => {
    parents.at(p('a/b/c'), 'x');
    fs.renameSync(path.join(root, moved), path.join(outside, 'moved'));
    expect(() => write('a/b/c')).toThrow(/ENOENT/);
    put(root, { a: { b: { c: {} } } });
    write('a/b/c');
    expect(readTree(root)).toMatchObject({ a: { b: { c: { new: 'new' } } } });
    expect(JSON.stringify(readTree(outside))).not.toContain('new');
  });

  test('in one go check a directory once, follow no link in it, and check again in the next', () => {
    const { readlinkSync } = fs;
    let checks = 0;
    fs.readlinkSync = ((...args: Parameters<typeof readlinkSync>) => {
      checks++;
      return readlinkSync(...args);
    }) as typeof readlinkSync;
    try {
      write('a/b');
      parents.together(() => {
        for (const name of ['1', '2', '3']) write('a/b', name);
        expect(checks).toBe(process.platform === 'linux' ? 1 : 0);
        swap('a');
        // It goes along with the directory; nothing is written where the link leads to.
        write('a/b', 'late');
      });
    } finally {
      fs.readlinkSync = readlinkSync;
    }
    expect(readTree(outside)).toEqual({ b: { c: {} } });
    expect(() => write('a/b', 'no')).toThrow(/ENOTDIR|ELOOP/);
    expect(() => parents.together(() => write('a/b', 'no'))).toThrow(/ENOTDIR|ELOOP/);
  });

  test.each([
    ['another directory', () => fs.mkdirSync(root)],
    ['a link to outside', () => fs.symlinkSync(outside, root)],
  ])('refuse %s in the place of the root', (_, replace) => {
    const opened = openRoot(root);
    new Parents(opened).close();
    fs.renameSync(root, `${root}-old`);
    try {
      replace();
      expect(() => new Parents(opened)).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/ESTALE|ENOTDIR|ELOOP/) }),
      );
    } finally {
      fs.rmSync(root, { recursive: true, force: true });
      fs.renameSync(`${root}-old`, root);
    }
  });

  test('find a directory that was removed and made again', () => {
    write('a/b/c');
    fs.rmSync(path.join(root, 'a'), { recursive: true });
    put(root, { a: { b: { c: {} } } });
    write('a/b/c');
    expect(readTree(root)).toMatchObject({ a: { b: { c: { new: 'new' } } } });
  });

  test('keep a path valid until the next one is asked for', () => {
    const spelling = parents.at(p('a/b'), 'first');
    fs.renameSync(path.join(root, 'a'), path.join(root, 'z'));
    put(root, { a: { b: {} } });
    write('a/b', 'second');
    fs.writeFileSync(spelling, 'x');
    expect(readTree(root)).toMatchObject({ a: { b: { second: 'new' } }, z: { b: { first: 'x' } } });
  });
});
