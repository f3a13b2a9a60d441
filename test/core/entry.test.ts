import { describe, expect, test } from 'vitest';
import { contentOf } from '../../src/core/change.js';
import { type Entry, mtimeOf, sameContent, sameEntry, secondsOf, sizeOf } from '../../src/core/entry.js';
import { file, tree } from '../support/core/tree.js';

const entryOf = (text: string): Entry | null => (text === 'nothing' ? null : ([...tree(text).values()][0] ?? null));

describe('what is the same', () => {
  test.each([
    ['nothing', 'nothing', true, true],
    ['nothing', 'x:', false, false],
    ['x:1', 'x:1', true, true],
    ['x:1', 'x:2', false, false],
    ['x:1', 'x:1@2', true, false],
    ['x:1', 'x:1!600', true, false],
    ['l->x', 'l->x', true, true],
    ['l->x', 'l->x@2', true, true],
    ['l->x', 'l->y', false, false],
    ['d/', 'd/', true, true],
    ['d/', 'd/!700', true, false],
    ['d/', 'x:', false, false],
    ['l->x', 'x:', false, false],
    ['d/', 'l->x', false, false],
  ])('%s and %s', (left, right, content, entry) => {
    for (const [x, y] of [
      [entryOf(left), entryOf(right)],
      [entryOf(right), entryOf(left)],
    ] as const) {
      expect([sameContent(x, y), sameEntry(x, y)]).toEqual([content, entry]);
    }
  });

  test('entries with one hash and two sizes are not the same', () => {
    expect(sameContent(file('1'), { ...file('1'), size: 2 })).toBe(false);
  });
});

test('times and sizes', () => {
  expect(['x:12@7', 'l->x@7', 'd/'].map((text) => mtimeOf(entryOf(text)!))).toEqual([7, 7, 0]);
  expect(['x:12@7', 'l->x@7', 'd/', 'nothing'].map((text) => sizeOf(entryOf(text)))).toEqual([2, 0, 0, 0]);
});

test('only a created or modified file has content to transfer', () => {
  const path = 'x' as never;
  const [one, two] = [file('1'), file('2')];
  const link = { type: 'symlink', target: 'x', mtime: 1 } as const;
  expect(contentOf({ path, action: 'created', before: null, after: one })).toBe(one);
  expect(contentOf({ path, action: 'modified', before: one, after: two })).toBe(two);
  expect(contentOf({ path, action: 'metadata', before: one, after: { ...one, mode: 0o600 } })).toBe(null);
  expect(contentOf({ path, action: 'renamed', before: null, after: one, from: { path, entry: one } })).toBe(null);
  expect(contentOf({ path, action: 'created', before: null, after: link })).toBe(null);
  expect(contentOf({ path, action: 'deleted', before: one, after: null })).toBe(null);
});

test.each([
  [0, 0],
  [2_000_000, 2],
  [1_500_000, 1.50000025],
  [1, 0.00000125],
  [-5, 0],
])('%d microseconds are %d seconds', (mtime, seconds) => {
  expect(secondsOf(mtime)).toBeCloseTo(seconds, 12);
});
