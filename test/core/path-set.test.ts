import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isAtOrBelow, joinPath, type RelPath } from '../../src/core/path.js';
import { type Marks, PathSet, topmost } from '../../src/core/path-set.js';
import { path, propertyMs, replay, runs } from '../support/core/random.js';

/** @returns the marked paths, as a walk finds them. */
function marked(marks: Marks, at: RelPath | '' = ''): string[] {
  const found = [...marks.below].flatMap(([name, below]) => marked(below, joinPath(at, name)));
  return marks.here ? [at, ...found] : found;
}

describe(`PathSet, ${replay}`, { timeout: propertyMs }, () => {
  test('holds each path once, in its place', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(path, fc.constant('' as const))), (paths) => {
        const set = new PathSet();
        for (const one of paths) set.add(one);
        expect(marked(set.root).sort()).toEqual([...new Set(paths)].sort());
        expect(set.size).toBe(new Set(paths).size);
        set.clear();
        expect([set.size, marked(set.root)]).toEqual([0, []]);
        set.add('x' as RelPath);
        expect([set.size, marked(set.root)]).toEqual([1, ['x']]);
      }),
      runs(300),
    );
  });

  test('is touched by its paths and by the paths above and below them', () => {
    fc.assert(
      fc.property(fc.array(path), path, (paths, asked) => {
        const set = new PathSet();
        for (const one of paths) set.add(one);
        const isTouched = paths.some((one) => isAtOrBelow(one, asked) || isAtOrBelow(asked, one));
        expect(set.touches(asked)).toBe(isTouched);
      }),
      runs(300),
    );
  });

  test('accepts names such as __proto__', () => {
    const set = new PathSet();
    set.add('__proto__/constructor' as RelPath);
    expect(marked(set.root)).toEqual(['__proto__/constructor']);
  });
});

describe(`topmost, ${replay}`, { timeout: propertyMs }, () => {
  test.each([
    ['', ''],
    ['x y', 'x y'],
    ['x x', 'x'],
    ['d/x d', 'd'],
    ['d d/e/f/x', 'd'],
    ['d dx d.x', 'd dx d.x'],
    ['d/e d/f d/e/x', 'd/e d/f'],
  ])('of %j', (given, expected) => {
    const paths = given.split(' ').filter((one) => one !== '') as RelPath[];
    expect(topmost(paths).join(' ')).toBe(expected);
  });

  test('of the root and anything', () => {
    expect(topmost(['x' as RelPath, ''])).toEqual(['']);
  });

  test('covers all, and nothing twice', () => {
    fc.assert(
      fc.property(fc.array(path), (paths) => {
        const top = topmost(paths);
        for (const one of paths) expect(top.filter((above) => isAtOrBelow(one, above))).toHaveLength(1);
        for (const one of top) expect(paths).toContain(one);
      }),
      runs(300),
    );
  });
});
