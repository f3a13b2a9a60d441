// What changed since it was last told: rows of what stood, what was done to it in steps, and what is told.
import { expect, test } from 'vitest';
import type { Entry } from '../../../src/core/entry.js';
import { Differences } from '../../../src/disk/scan/diff.js';
import { snapshotOf, tree } from '../../support/core/tree.js';
import { p } from '../../support/disk-site.js';

/** Steps: `x:1` is put, `-x` removed, `?x` forgotten. */
function told(before: string, ...steps: string[]): string {
  const snapshot = snapshotOf(tree(before));
  const differences = new Differences();
  for (const step of steps) {
    if (step.startsWith('?')) {
      differences.forget(p(step.slice(1)));
      continue;
    }
    const puts: [string, Entry | null][] = step.startsWith('-') ? [[step.slice(1), null]] : [...tree(step)].slice(-1);
    for (const [path, entry] of puts) {
      differences.touch(p(path), snapshot.get(p(path)), entry);
      snapshot.put(p(path), entry);
    }
  }
  const found = differences.take(snapshot);
  expect(differences.take(snapshot)).toEqual([]);
  return found
    .map(({ path, entry }) => {
      expect(entry).toEqual(entry === null ? null : expect.not.objectContaining({ children: expect.anything() }));
      return entry === null ? `-${path}` : entry.type === 'dir' ? `${path}/` : path;
    })
    .join(' ');
}

test.each<[it: string, before: string, steps: string[], told: string]>([
  ['nothing', 'x:1', [], ''],
  ['a new file', '', ['x:1'], 'x'],
  ['a change', 'x:1', ['x:2'], 'x'],
  ['a deletion', 'x:1', ['-x'], '-x'],
  ['there and back', 'x:1', ['x:2', 'x:1'], ''],
  ['come and gone', '', ['x:1', '-x'], ''],
  ['gone and back', 'x:1', ['-x', 'x:1'], ''],
  ['several, in order', 'b:1', ['d/x:1', 'c:1', 'b:2', 'd/'], 'b c d/x'],
  ['a directory that is gone, alone', 'd/x:1 d/e/y:1', ['-d'], '-d'],
  ['what was touched in it before it went', 'd/x:1', ['d/x:2', '-d'], '-d'],
  ['a file in its place', 'd/x:1', ['d:1'], 'd'],
  ['a directory of a file', 'd:1', ['d/', 'd/x:1'], 'd/ d/x'],
  ['a directory made anew, empty', 'd/x:1 d/y:1', ['-d', 'd/'], 'd/ -d/x -d/y'],
  ['made anew with the same file', 'd/x:1 d/y:1', ['-d', 'd/', 'd/x:1'], 'd/ -d/y d/x'],
  ['made anew with another content', 'd/x:1', ['-d', 'd/', 'd/x:2'], 'd/ d/x'],
  ['made anew with a new file', 'd/x:1', ['-d', 'd/', 'd/z:1'], 'd/ -d/x d/z'],
  [
    'made anew, with directories in it',
    'd/e/x:1 d/f/y:1',
    ['-d', 'd/', 'd/e/', 'd/e/z:1'],
    'd/ -d/f d/e/ -d/e/x d/e/z',
  ],
  ['made anew, a file for a directory', 'd/e/x:1', ['-d', 'd/', 'd/e:1'], 'd/ d/e'],
  ['made anew, a directory for a file', 'd/e:1', ['-d', 'd/', 'd/e/', 'd/e/x:1'], 'd/ d/e/ d/e/x'],
  ['other bits', 'd/x:1', ['d/!700'], 'd/'],
  ['other bits, and then gone', 'd/x:1', ['d/!700', '-d'], '-d'],
  ['other bits, gone, and made anew', 'd/x:1', ['d/!700', '-d', 'd/'], 'd/ -d/x'],
  ['gone, made anew, and gone', 'd/x:1', ['-d', 'd/', '-d'], '-d'],
  ['forgotten', 'x:1 y:1', ['x:2', 'y:2', '?x'], 'y'],
  ['forgotten with all below', 'd/x:1 dd:1', ['d/x:2', 'dd:2', '?d'], 'dd'],
  ['of names that begin alike', 'd/x:1 d.x:1', ['-d', 'd.x:2'], '-d d.x'],
])('%s', (_, before, steps, expected) => {
  expect(told(before, ...steps)).toBe(expected);
});

test('a path that was touched below a directory that was made again is reported even if it is unchanged', () => {
  expect(told('d/x:1', '-d', 'd/', 'd/x:2', 'd/x:1')).toBe('d/ d/x');
});

test('cleared changes are not reported', () => {
  const snapshot = snapshotOf(tree('x:1'));
  const differences = new Differences();
  differences.touch(p('x'), snapshot.get(p('x')), null);
  snapshot.put(p('x'), null);
  differences.clear();
  expect(differences.take(snapshot)).toEqual([]);
});
