import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/core/change.js';
import type { Entry } from '../../../src/core/entry.js';
import type { RelPath } from '../../../src/core/path.js';
import { pairRenames } from '../../../src/core/reconcile/renames.js';
import { showChanges, tree } from '../../support/core/tree.js';

/** @returns the changes `-path:content` and `+path:content` and `*path:content`, any entry of the tree notation. */
function changes(text: string): Change[] {
  return text.split(' ').map((token): Change => {
    const [path, entry] = [...tree(token.slice(1))].at(-1) as [RelPath, Entry];
    if (token.startsWith('-')) return { path, action: 'deleted', before: entry, after: null };
    if (token.startsWith('+')) return { path, action: 'created', before: null, after: entry };
    return { path, action: 'modified', before: { type: 'dir', mode: 0o755 }, after: entry };
  });
}

describe('pairRenames', () => {
  test.each([
    ['a move', '-x:1 +y:1', 'x>y'],
    ['the other order', '+y:1 -x:1', 'x>y'],
    ['another mode and time', '-x:1 +y:1@9!600', 'x>y'],
    ['other contents', '-x:1 +y:2', '-x +y'],
    ['contents of another length', '-x:1 +y:01', '-x +y'],
    ['empty files', '-x: +y:', '-x +y'],
    ['two moves', '-x:1 -y:2 +v:1 +w:2', 'x>v y>w'],
    ['one content twice, names kept', '-d/x:1 -d/y:1 +e/y:1 +e/x:1', 'd/y>e/y d/x>e/x'],
    ['more created than deleted', '-x:1 +y:1 +z:1', 'x>y +z'],
    ['more deleted than created', '-x:1 -y:1 +z:1', '-y x>z'],
    ['links and directories', '-l->x +m->x -d/ +e/', '-l +m -d +e'],
    ['what replaces something is not moved', '-x:1 *y:1', '-x *y'],
    ['nothing deleted', '+x:1 +y:1', '+x +y'],
    ['nothing created', '-x:1 -y:2', '-x -y'],
  ])('%s', (_, given, expected) => {
    expect(showChanges(pairRenames(changes(given)))).toBe(expected);
  });

  test.each([
    [2, 'b'],
    [16, 'b'],
    [17, 'a'],
  ])(
    'of %d equal files that are gone, the one whose name is kept is the source, as long as they are few',
    (n, from) => {
      const others = Array.from({ length: n - 2 }, (_, at) => `-d/${at}:1`);
      const [moved] = pairRenames(changes(['-a:1', ...others, '-b:1', '+new/b:1'].join(' '))).filter(
        ({ action }) => action === 'renamed',
      );
      expect(moved?.from?.path).toBe(from);
    },
  );

  test('a rename states the expected source and the created entry', () => {
    const [moved] = pairRenames(changes('-x:1@2 +y:1@9!600'));
    expect(moved).toEqual({
      path: 'y',
      action: 'renamed',
      before: null,
      after: tree('y:1@9!600').get('y' as RelPath),
      from: { path: 'x', entry: tree('x:1@2').get('x' as RelPath) },
    });
  });

  test('thousands of equal files stay quick and are each used once', () => {
    const many = Array.from({ length: 10_000 }, (_, n) => `-d/${n}:1 +e/${n}:1`).join(' ');
    const moved = pairRenames(changes(many));
    expect(moved).toHaveLength(10_000);
    expect(new Set(moved.map(({ from }) => from?.path)).size).toBe(10_000);
  });
});
