// Conflicts side by side, and what was deleted, as people deleted it.
import { describe, expect, test } from 'vitest';
import { conflictsOf, contentsOf, isPicture, personsOf } from '../../../../src/web/page/words/conflicts.js';
import { deletionsOf, foldersOf, withoutTwins } from '../../../../src/web/page/words/deleted.js';
import { at, conflict, version } from './fixtures.js';

describe('conflicts', () => {
  test('the newest copy of a file comes first', () => {
    const [first] = conflictsOf([conflict({ copy: 'old' }), conflict({ copy: 'new' })]);
    expect(first?.copies.map(({ copy }) => copy)).toEqual(['new', 'old']);
  });
  test('side a is left, whichever lost the name', () => {
    const [ofB, ofA] = [conflict(), conflict({ side: 'a' })];
    expect(contentsOf(ofB)).toMatchObject({ a: { path: 'p.txt', size: 4 }, b: { path: ofB.copy, size: 5 } });
    expect(contentsOf(ofA)).toMatchObject({ a: { path: ofA.copy, size: 5 }, b: { path: 'p.txt', size: 4 } });
  });
  test('a file that is gone has no content', () => {
    expect(contentsOf(conflict({ original: null })).a.path).toBeNull();
  });
  test('the last person on each side before the conflict is named', () => {
    const event = (event: string, side: string, owner: string, time: string) => ({ event, side, owner, time }) as never;
    const events = [
      event('locked', 'a', 'old', at(9)),
      event('opened', 'a', 'anna', at(10)),
      event('locked', 'b', 'ben', at(11)),
      event('unlocked', 'b', 'nobody', at(12)),
      event('locked', 'b', 'later', at(14, 30)),
    ];
    expect(personsOf(events, at(14, 3))).toEqual({ a: 'anna', b: 'ben' });
    expect(personsOf([], at(14))).toEqual({});
  });
  test.each([
    ['x.PNG', true],
    ['x.jpeg', true],
    ['x.txt', false],
    ['png', false],
  ])('%s is a picture: %s', (path, is) => expect(isPicture(path)).toBe(is));
});

describe('deletions', () => {
  const there = foldersOf(['docs/keep.txt', 'a/b/c/file']);

  test('folders of files', () => expect([...there].sort()).toEqual(['a/', 'a/b/', 'a/b/c/', 'docs/']));
  test('a directory that went is one', () => {
    const rows = [
      version('gone/sub/y', at(14, 2), { size: 5 }),
      version('gone/x', at(14, 2)),
      version('docs/one', at(14, 1)),
      version('gone/x', at(12)),
    ];
    expect(deletionsOf(rows, there)).toMatchObject([
      { path: 'gone/', time: at(14, 2), bytes: 15, files: [{ path: 'gone/sub/y' }, { path: 'gone/x' }] },
      { path: 'docs/one', files: [{ path: 'docs/one' }] },
    ]);
  });
  test('what went from it much earlier is another', () => {
    const rows = [version('gone/x', at(14)), version('gone/y', at(9))];
    expect(deletionsOf(rows, there)).toHaveLength(2);
  });
  test('below a directory that is there, only what is gone', () => {
    expect(deletionsOf([version('a/b/gone/x', at(14))], there)).toMatchObject([{ path: 'a/b/gone/' }]);
  });
  test('what both sides keep is one', () => {
    const rows = [
      version('x', at(14)),
      version('x', at(14), { side: 'b', n: 2 }),
      version('x', at(13), { n: 3 }),
      version('y', at(12), { side: 'b' }),
    ];
    expect(withoutTwins(rows).map(({ path, n }) => [path, n])).toEqual([
      ['x', 1],
      ['x', 3],
      ['y', 1],
    ]);
  });
});
