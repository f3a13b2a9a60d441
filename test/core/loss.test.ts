import { describe, expect, it } from 'vitest';
import type { Entry } from '../../src/core/entry.js';
import { differencesFrom, isLost, type LossTrees, lossAt, lossCode, matchOf, wholeLoss } from '../../src/core/loss.js';
import type { RelPath } from '../../src/core/path.js';
import { Snapshot } from '../../src/core/snapshot.js';
import { dir, file, link } from '../support/disk-site.js';

type Files = Record<string, string | Entry>;

function snapshot(files: Files): Snapshot {
  const made = new Snapshot();
  for (const [at, what] of Object.entries(files)) made.put(at as RelPath, typeof what === 'string' ? file(what) : what);
  return made;
}

/** `count` files of different contents in `directory`. */
function many(count: number, directory = 'd', from = 0): Files {
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`${directory}/${from + n}`, `content ${from + n}`]),
  );
}

interface Case {
  shared: Files;
  here: Files;
  there?: Files;
  gone?: string[];
  unknown?: string[];
  files: number;
  of: number;
  paths: string[];
}

const below = (all: readonly string[] | undefined) => (at: RelPath) =>
  (all ?? []).some((top) => at === top || at.startsWith(`${top}/`));

const trees = ({ shared, here, there, gone, unknown }: Case): LossTrees => ({
  shared: snapshot(shared),
  here: snapshot(here),
  there: there === undefined ? null : snapshot(there),
  isKnownGone: below(gone),
  isUnknown: below(unknown),
});

describe('what a side lacks of what was shared', () => {
  const shared = { a: '1', 'd/b': '2', 'd/c': '3', l: link('a') };
  const cases: Record<string, Case> = {
    'is nothing where all is there': { shared, here: shared, files: 0, of: 4, paths: [] },
    'is nothing where contents changed': { shared, here: { ...shared, a: '9' }, files: 0, of: 4, paths: [] },
    'is a file': { shared, here: { 'd/b': '2', 'd/c': '3', l: link('a') }, files: 1, of: 4, paths: ['a'] },
    'is a directory, by its highest path': { shared, here: { a: '1', l: link('a') }, files: 2, of: 4, paths: ['d'] },
    'is everything': { shared, here: {}, files: 4, of: 4, paths: ['a', 'd', 'l'] },
    'is a file in whose place is a directory': {
      ...{ shared, here: { ...shared, a: dir() } },
      ...{ files: 1, of: 4, paths: ['a'] },
    },
    'is a file in whose place is a link': { shared, here: { ...shared, a: link('x') }, files: 1, of: 4, paths: ['a'] },
    'is a directory in whose place is a file': {
      ...{ shared, here: { a: '1', d: 'file', l: link('a') } },
      ...{ files: 2, of: 4, paths: ['d'] },
    },
    'is no link that became a file': { shared, here: { ...shared, l: '5' }, files: 0, of: 4, paths: [] },
    'does not count what the other side deleted, too': {
      ...{ shared, here: { a: '1' }, there: { a: '1', 'd/c': '3' } },
      ...{ files: 1, of: 4, paths: ['d', 'l'] },
    },
    'does not count what the other side has changed: that survives': {
      ...{ shared, here: {}, there: { ...shared, a: 'changed' } },
      ...{ files: 3, of: 4, paths: ['a', 'd', 'l'] },
    },
    'does not count what is known to be gone': {
      ...{ shared, here: { a: '1' }, gone: ['d'] },
      ...{ files: 1, of: 2, paths: ['l'] },
    },
    'is a deep directory, by its highest path alone': {
      ...{ shared: { 'd/e/f/x': '1', 'd/e/y': '2' }, here: {} },
      ...{ files: 2, of: 2, paths: ['d'] },
    },
    'counts what was seen before, though it cannot be seen now': {
      ...{ shared, here: { a: '1', 'd/b': '2', l: link('a') }, unknown: ['l'] },
      ...{ files: 1, of: 4, paths: ['d/c'] },
    },
    'counts below what was seen before': {
      ...{ shared: { 'd/b': '2', 'd/c': '3' }, here: { 'd/b': dir(), 'd/c': '3' }, unknown: ['d/c'] },
      ...{ files: 1, of: 2, paths: ['d/b'] },
    },
    'is found below a directory that cannot be seen, but was': {
      ...{ shared: { 'd/b': '2', 'd/l': link('x') }, here: { 'd/l': link('x'), 'd/b': link('y') }, unknown: ['d'] },
      ...{ files: 1, of: 2, paths: ['d/b'] },
    },
    'does not count what cannot be seen': {
      ...{ shared, here: { a: '1' }, unknown: ['d'] },
      ...{ files: 1, of: 4, paths: ['l'] },
    },
  };

  it.each(Object.entries(cases))('%s', (_, one) => {
    const { files, of, paths } = wholeLoss(trees(one));
    expect({ files, of, paths: [...paths].sort() }).toEqual({ files: one.files, of: one.of, paths: one.paths });
  });

  it('is measured in the given places only', () => {
    const one = { shared, here: { l: link('a') }, files: 0, of: 0, paths: [] };
    expect(lossAt(['d' as RelPath, 'new' as RelPath], trees(one))).toEqual({ files: 2, of: 2, paths: ['d'] });
  });
});

describe('files that moved', () => {
  const moved = (here: Files) => wholeLoss(trees({ shared: many(300), here, files: 0, of: 0, paths: [] })).files;

  it.each([
    ['are found under other names', many(300, 'elsewhere'), 0],
    ['are found as far as they are there', many(120, 'elsewhere'), 180],
    ['are found once for each copy', { ...many(140), 'e/1': 'content 299', 'e/2': 'content 299' }, 159],
    ['are not found where their content had been before', many(140), 160],
  ])('%s', (_, here, files) => {
    expect(moved(here)).toBe(files);
  });

  it.each([
    ['are lost in the given places', () => lossAt(['d' as RelPath], movedTrees(300)).files, 300],
    ['are not searched for where few are missing', () => wholeLoss(movedTrees(5)).files, 5],
    ['are searched for where few are missing, but a loss was reported', () => wholeLoss(movedTrees(5), true).files, 0],
  ])('%s', (_, loss, files) => {
    expect(loss()).toBe(files);
  });
});

/** Of 300 files the first `count` are at another place. */
function movedTrees(count: number): LossTrees {
  const here = { ...many(count, 'elsewhere'), ...many(300 - count, 'd', count) };
  return trees({ shared: many(300), here, files: 0, of: 0, paths: [] });
}

describe('too great a loss', () => {
  it.each([
    [{ files: 100, of: 150 }, false, null],
    [{ files: 101, of: 150 }, false, 'mass-deletion'],
    [{ files: 101, of: 202 }, false, null],
    [{ files: 102, of: 203 }, false, 'mass-deletion'],
    [{ files: 4, of: 4 }, true, null],
    [{ files: 5, of: 5 }, true, 'root-emptied'],
    [{ files: 1, of: 5 }, true, 'root-emptied'],
    [{ files: 0, of: 500 }, true, null],
    [{ files: 500, of: 500 }, true, 'root-emptied'],
  ])('%j, empty %s: %s', (loss, isEmpty, code) => {
    expect(lossCode(loss, isEmpty)).toBe(code);
  });
});

describe('what is lost at a path', () => {
  it.each([
    [file('x'), null, true],
    [file('x'), file('y'), false],
    [file('x'), link('y'), true],
    [file('x'), dir(), true],
    [link('x'), file('y'), false],
    [link('x'), dir(), true],
    [dir(), file('y'), true],
    [dir(), dir(0o700), false],
  ])('of %j by %j: %s', (shared, here, lost) => {
    const node = snapshot({ at: shared as Entry }).get('at' as RelPath)!;
    expect(isLost(node, here)).toBe(lost);
  });
});

describe('how much of one tree stands in another', () => {
  const known = snapshot({ a: '1', 'd/b': '2', 'd/c': '3', l: link('a') });
  it.each([
    [{ a: '1', 'd/b': '2', 'd/c': '3', l: link('a') }, [], { same: 4, of: 4, unknown: 0 }],
    [{ a: 'other', 'e/b': '2', l: link('b') }, [], { same: 0, of: 4, unknown: 0 }],
    [{ a: '1' }, ['d'], { same: 1, of: 4, unknown: 2 }],
    [{}, [], { same: 0, of: 4, unknown: 0 }],
  ])('%j, unknown %j', (found, unknown, match) => {
    expect(matchOf(known, snapshot(found), below(unknown))).toEqual(match);
  });

  it('ignores times and permission bits', () => {
    const found = snapshot({ a: file('1', { mode: 0o600, mtime: 5 }) });
    expect(matchOf(snapshot({ a: '1' }), found, () => false).same).toBe(1);
  });
});

describe('what one side would change on the other', () => {
  const shared = { a: '1', 'd/b': '2' };
  const cases: [string, Files, Files, string[], number][] = [
    ['nothing where it is as shared', shared, { a: 'newer', 'd/b': '2', c: 'new' }, [], 0],
    ['nothing where both are alike', { a: 'x', 'd/b': '2' }, { a: 'x', 'd/b': '2' }, [], 0],
    ['a content', { a: 'x', 'd/b': '2' }, shared, [], 1],
    ['permission bits', { a: file('1', { mode: 0o600 }), 'd/b': '2' }, shared, [], 1],
    ['no time', { a: file('1', { mtime: 1 }), 'd/b': '2' }, shared, [], 0],
    ['what is missing, directories too', { a: '1' }, shared, [], 2],
    ['what is new', { ...shared, 'e/f': '5' }, shared, [], 2],
    ['but what is expected', { a: '1', 'e/f': '5' }, shared, ['d', 'e'], 0],
  ];
  it.each(cases)('%s', (_, side, other, expected, count) => {
    expect(differencesFrom(snapshot(shared), snapshot(side), snapshot(other), below(expected))).toBe(count);
  });
});
