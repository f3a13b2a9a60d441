import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RelPath } from '../../../src/core/path.js';
import { linkOrCopy, moveWithoutReplacing } from '../../../src/disk/fs/move.js';
import { microseconds } from '../../../src/disk/fs/signature.js';
import { Versions } from '../../../src/disk/versions/versions.js';
import { own } from '../../support/disk-site.js';
import { makeRoot, put, readTree, removeRoot } from '../../support/trees.js';

const NOON = new Date(2026, 10, 21, 12, 0, 5).getTime();
const STAMP = '2026-11-21 12-00-05';
const p = (text: string) => text as RelPath;

let root: string;
let kept: string;
beforeEach(() => {
  root = makeRoot('versions');
  kept = path.join(root, 'kept');
  fs.mkdirSync(kept);
});
afterEach(() => {
  vi.restoreAllMocks();
  removeRoot(root);
});

const at = (name: string) => path.join(root, name);
const stood = (name: string) => fs.lstatSync(at(name));
const versions = () => new Versions(own(kept), () => NOON);

describe('a version', () => {
  test.each([
    ['plan.txt', `plan (${STAMP}).txt`],
    ['plan', `plan (${STAMP})`],
    ['.profile', `.profile (${STAMP})`],
    ['a.tar.gz', `a.tar (${STAMP}).gz`],
    ['name with "quotes" and\nlines.txt', `name with "quotes" and\nlines (${STAMP}).txt`],
    ['👋', `👋 (${STAMP})`],
  ])('of %j is %j', (name, expected) => {
    put(root, { [name]: 'old' });
    versions().take(p(name), at(name), stood(name));
    expect(readTree(kept)).toEqual({ [expected]: 'old' });
    expect(fs.existsSync(at(name))).toBe(false);
  });

  test('is in the directories of its file', () => {
    put(root, { a: { b: { 'c.txt': 'old' } } });
    versions().take(p('a/b/c.txt'), at('a/b/c.txt'), stood('a/b/c.txt'));
    expect(readTree(kept)).toEqual({ a: { b: { [`c (${STAMP}).txt`]: 'old' } } });
  });

  test('never replaces another one', () => {
    const all = versions();
    for (const content of ['one', 'two', 'three']) {
      put(root, { 'a.txt': content });
      all.take(p('a.txt'), at('a.txt'), stood('a.txt'));
    }
    expect(readTree(kept)).toEqual({
      [`a (${STAMP}).txt`]: 'one',
      [`a (${STAMP} 2).txt`]: 'two',
      [`a (${STAMP} 3).txt`]: 'three',
    });
  });

  test('of a link that leads nowhere never replaces another one', () => {
    const all = versions();
    for (const target of ['one', 'two']) {
      fs.symlinkSync(target, at('l'));
      all.take(p('l'), at('l'), stood('l'));
    }
    expect(readTree(kept)).toEqual({ [`l (${STAMP})`]: { link: 'one' }, [`l (${STAMP} 2)`]: { link: 'two' } });
  });

  test('of a file that stays is its second name', () => {
    put(root, { 'a.txt': 'old' });
    versions().keep(p('a.txt'), at('a.txt'), stood('a.txt'));
    fs.rmSync(at('a.txt'));
    put(root, { 'a.txt': 'new' });
    expect(readTree(root)).toEqual({ 'a.txt': 'new', kept: { [`a (${STAMP}).txt`]: 'old' } });
  });

  test.each([
    ['x'.repeat(255), ''],
    [`${'x'.repeat(251)}.txt`, '.txt'],
    ['é'.repeat(127), ''],
    [`${'👋'.repeat(60)}.jpeg`, '.jpeg'],
  ])('of a long name has one that fits, and its extension', (name, extension) => {
    put(root, { [name]: 'old' });
    versions().take(p(name), at(name), stood(name));
    const [version] = fs.readdirSync(kept);
    expect(Buffer.byteLength(version!)).toBeLessThanOrEqual(255);
    expect(version).toMatch(new RegExp(`\\(${STAMP}\\)${extension}$`));
    expect(version!.isWellFormed()).toBe(true);
  });

  test('of a path too long for two prefixes is kept at the top', () => {
    const deep = Array.from({ length: 40 }, () => 'd'.repeat(100)).join('/');
    put(root, { f: 'old' });
    versions().take(p(`${deep}/f`), at('f'), stood('f'));
    expect(readTree(kept)).toEqual({ [`f (${STAMP})`]: 'old' });
  });

  test('is kept though its directory was removed by hand', () => {
    const all = versions();
    for (const content of ['one', 'two']) {
      put(root, { d: { f: content } });
      all.take(p('d/f'), at('d/f'), stood('d/f'));
      if (content === 'one') fs.rmSync(path.join(kept, 'd'), { recursive: true });
    }
    expect(Object.values(readTree(path.join(kept, 'd')))).toEqual(['two']);
  });

  test.each(['keep', 'take'] as const)('of a file that has vanished is an error, not an endless loop (%s)', (how) => {
    const all = versions();
    put(root, { f: 'x' });
    const stats = stood('f');
    all.take(p('f'), at('f'), stats);
    expect(() => all[how](p('f'), at('f'), stats)).toThrow(/ENOENT/);
    expect(() => all[how](p('f'), at('f'), stats)).toThrow(/ENOENT/);
  });

  test('keeps the times of its content', () => {
    put(root, { f: 'old' });
    fs.utimesSync(at('f'), 1_000, 1_000.5);
    versions().keep(p('f'), at('f'), stood('f'));
    expect(fs.statSync(path.join(kept, `f (${STAMP})`)).mtimeMs).toBe(1_000_500);
  });
});

describe('where another file stands than the one that was seen', () => {
  const taken = () => {
    put(root, { f: 'swapped in', g: 'seen' });
    const all = versions();
    const told = vi.fn();
    all.onKept = told;
    expect(() => all.take(p('f'), at('f'), stood('g'))).toThrow(expect.objectContaining({ code: 'ESTALE' }));
    expect(told).not.toHaveBeenCalled();
  };

  test('it is moved back', () => {
    taken();
    expect(readTree(root)).toEqual({ f: 'swapped in', g: 'seen', kept: {} });
  });

  test('it stays a version where its path is taken meanwhile', () => {
    const rename = fs.renameSync;
    const renames = vi.spyOn(fs, 'renameSync').mockImplementationOnce((from, to) => {
      rename(from, to);
      fs.writeFileSync(from, 'taken');
    });
    taken();
    expect(renames).toHaveBeenCalledTimes(1);
    expect(readTree(root)).toEqual({ f: 'taken', g: 'seen', kept: { [`f (${STAMP})`]: 'swapped in' } });
  });

  test('what forbids to move it back is told', () => {
    put(root, { f: 'swapped in', g: 'seen' });
    vi.spyOn(fs, 'linkSync').mockImplementation(() => {
      throw Object.assign(new Error('EIO'), { code: 'EIO' });
    });
    expect(() => versions().take(p('f'), at('f'), stood('g'))).toThrow(expect.objectContaining({ code: 'EIO' }));
  });
});

test('a version is told with its path, its time and the reason, which is by default what was done', () => {
  put(root, { d: { f: '1', g: '2' } });
  const all = versions();
  const told: unknown[] = [];
  all.onKept = (...version) => void told.push(version);
  all.keep(p('d/f'), at('d/f'), stood('d/f'));
  all.take(p('d/g'), at('d/g'), stood('d/g'));
  all.take(p('d/f'), at('d/f'), stood('d/f'), { reason: 'overwritten', hash: 'h' });
  expect(told).toEqual([
    [`d/f (${STAMP})`, { of: 'd/f', replaced: NOON, reason: 'overwritten', hash: null }],
    [`d/g (${STAMP})`, { of: 'd/g', replaced: NOON, reason: 'deleted', hash: null }],
    [`d/f (${STAMP} 2)`, { of: 'd/f', replaced: NOON, reason: 'overwritten', hash: 'h' }],
  ]);
});

describe('the mode of a version is set', () => {
  const mode = (name: string) => stood(name).mode & 0o777;

  test.each<[it: string, hasSecondName: boolean, old: string, mode: number]>([
    ['where it is the file itself, also with a second name', true, 'f', 0o600],
    ['where it is a copy', false, 'kept', 0o600],
    ['not where it is another file with a second name', true, 'kept', 0o644],
  ])('%s', (_, hasSecondName, old, expected) => {
    put(root, { f: 'x' });
    fs.chmodSync(at('f'), 0o644);
    if (hasSecondName) fs.linkSync(at('f'), at('g'));
    new Versions(own(root), () => NOON).setMode(p('f'), 0o600, stood(old));
    expect(mode('f')).toBe(expected);
  });

  test('not where a directory or nothing stands there', () => {
    put(root, { d: {} });
    fs.chmodSync(at('d'), 0o755);
    const all = new Versions(own(root), () => NOON);
    all.setMode(p('d'), 0o600, stood('d'));
    all.setMode(p('missing'), 0o600, stood('d'));
    expect(mode('d')).toBe(0o755);
  });
});

test('a directory for versions is made again once; where that does not help, its error is told', () => {
  put(root, { d: { f: 'x' } });
  const all = versions();
  all.keep(p('d/f'), at('d/f'), stood('d/f'));
  let calls = 0;
  vi.spyOn(fs, 'linkSync').mockImplementation(() => {
    calls++;
    throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
  });
  expect(() => all.keep(p('d/f'), at('d/f'), stood('d/f'))).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  expect(calls).toBe(2);
});

test('a directory for versions is made once', () => {
  put(root, { d: { f: 'x', g: 'y' } });
  const all = versions();
  all.take(p('d/f'), at('d/f'), stood('d/f'));
  const made = vi.spyOn(fs, 'mkdirSync');
  all.take(p('d/g'), at('d/g'), stood('d/g'));
  expect(made).not.toHaveBeenCalled();
});

/** As on a file system without hard links. */
function withoutLinks(code: string): void {
  vi.spyOn(fs, 'linkSync').mockImplementation(() => {
    throw Object.assign(new Error(code), { code });
  });
}

describe.each(['EPERM', 'ENOTSUP', 'EMLINK'])('where links fail with %s', (code) => {
  test('a version is a copy', () => {
    put(root, { f: 'old' });
    fs.utimesSync(at('f'), 1_000, 1_000.5);
    withoutLinks(code);
    linkOrCopy(at('f'), at('g'), stood('f'));
    expect(readTree(root)).toEqual({ f: 'old', g: 'old', kept: {} });
    expect(microseconds(fs.statSync(at('g')).mtimeMs)).toBe(1_000_500_000);
    expect(() => linkOrCopy(at('f'), at('g'), stood('f'))).toThrow(/EEXIST/);
  });

  test('a move never leaves an incomplete file under the new name, and replaces none', () => {
    put(root, { f: 'new', g: 'old' });
    withoutLinks(code);
    const copies = vi.spyOn(fs, 'copyFileSync');
    expect(() => moveWithoutReplacing(at('f'), at('g'))).toThrow(expect.objectContaining({ code: 'EEXIST' }));
    moveWithoutReplacing(at('f'), at('h'));
    expect(copies).not.toHaveBeenCalled();
    expect(readTree(root)).toEqual({ g: 'old', h: 'new', kept: {} });
  });
});

describe('moveWithoutReplacing', () => {
  test.each(['a file', 'a directory', 'a link to nowhere'])('leaves %s alone', (what) => {
    put(root, { f: 'new', g: what === 'a file' ? 'old' : what === 'a directory' ? {} : { link: 'nowhere' } });
    const before = readTree(root);
    expect(() => moveWithoutReplacing(at('f'), at('g'))).toThrow(expect.objectContaining({ code: 'EEXIST' }));
    expect(readTree(root)).toEqual(before);
  });
});
