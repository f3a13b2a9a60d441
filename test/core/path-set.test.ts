import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isAtOrBelow, joinPath, type RelPath } from '../../src/core/path.js';
import { type Marks, PathSet } from '../../src/core/path-set.js';
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

  test('takes the marks of a branch to where they belong, and all below a path where there are none', () => {
    const branch = new PathSet();
    branch.add('x' as RelPath);
    branch.add('y/z' as RelPath, true);
    const set = new PathSet();
    set.addMarks('d' as RelPath, branch.root);
    expect([marked(set.root), set.root.below.get('d')?.here]).toEqual([['d/x', 'd/y/z'], false]);
    expect(set.root.below.get('d')?.below.get('y')?.below.get('z')?.deep).toBe(true);
    set.addMarks('d/x' as RelPath, null);
    expect([set.size, set.root.below.get('d')?.below.get('x')?.deep]).toEqual([2, true]);
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

  test('holds the root itself', () => {
    const set = new PathSet();
    set.add('', true);
    expect([set.root.here, set.root.deep, set.root.below.size, set.size]).toEqual([true, true, 0, 1]);
  });

  test('accepts names such as __proto__', () => {
    const set = new PathSet();
    set.add('__proto__/constructor' as RelPath);
    expect(marked(set.root)).toEqual(['__proto__/constructor']);
  });
});
