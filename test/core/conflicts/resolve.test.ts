import { describe, expect, test } from 'vitest';
import type { ConflictCopy } from '../../../src/core/conflicts/copy-name.js';
import { byAge, conflictName, isCopyOf, parseCopy, settledName } from '../../../src/core/conflicts/copy-name.js';
import { type Keep, resolution } from '../../../src/core/conflicts/resolve.js';
import type { Entry, FileEntry } from '../../../src/core/entry.js';
import type { RelPath } from '../../../src/core/path.js';

const p = (text: string) => text as RelPath;
const file = (hash: string): FileEntry => ({ type: 'file', size: 1, mtime: 0, mode: 0o644, hash });
const X = p('d/x.txt');
const B1 = p('d/x (conflict B 2026-11-21 14-03-22).txt');
const A2 = p('d/x (conflict A 2026-11-22 14-03-22 2).txt');
const B3 = p('d/x (conflict B 2026-11-23 14-03-22).txt');
const PLAIN_B1 = p('d/x (B 2026-11-21 14-03-22).txt');

const parse = (path: RelPath) => parseCopy(path) as ConflictCopy;

/** Steps as `+path=content`, `*path=content`, `-path`, `from>to`. */
function steps(tree: Record<string, Entry>, copies: readonly RelPath[], keep: Keep, taken: readonly RelPath[] = []) {
  const { steps: all, ...rest } = resolution(
    {
      original: X,
      copies: copies.map(parse),
      at: (path) => tree[path] ?? null,
      taken: (path) => taken.includes(path),
    },
    keep,
  );
  const said = all.map(({ path, action, after, from }) => {
    if (from !== undefined) return `${from.path}>${path}`;
    const content = after?.type === 'file' ? `=${after.hash}` : '';
    return `${action === 'created' ? '+' : action === 'deleted' ? '-' : '*'}${path}${content}`;
  });
  return { said, from: rest.from?.path ?? null, removed: rest.removed, renamed: rest.renamed };
}

describe('keeping one side', () => {
  test('the side of the copy: the file gets its content, and the copy is deleted', () => {
    const { said, from } = steps({ [X]: file('x'), [B1]: file('b1') }, [B1], 'b');
    expect(said).toEqual([`*${X}=b1`, `-${B1}`]);
    expect(from).toBe(B1);
  });

  test('the other side: the file stays, and the copy is deleted', () => {
    const { said, from } = steps({ [X]: file('x'), [B1]: file('b1') }, [B1], 'a');
    expect(said).toEqual([`-${B1}`]);
    expect(from).toBe(null);
  });

  test.each([
    ['b', [`*${X}=b3`, `-${B1}`, `-${A2}`, `-${B3}`]],
    ['a', [`-${B1}`, `-${A2}`, `-${B3}`]],
  ] as const)('of several copies the newest decides: %s', (keep, expected) => {
    const tree = { [X]: file('x'), [B1]: file('b1'), [A2]: file('a2'), [B3]: file('b3') };
    expect(steps(tree, [B3, B1, A2], keep).said).toEqual(expected);
  });

  test('an equal content is not written again', () => {
    expect(steps({ [X]: file('same'), [B1]: file('same') }, [B1], 'b').said).toEqual([`-${B1}`]);
  });

  test('a deleted file is restored from the copy', () => {
    expect(steps({ [B1]: file('b1') }, [B1], 'b').said).toEqual([`+${X}=b1`, `-${B1}`]);
  });

  test('a deleted file cannot be kept: the copy stays', () => {
    expect(() => steps({ [B1]: file('b1') }, [B1], 'a')).toThrow(expect.objectContaining({ code: 'not-found' }));
  });

  test('a directory in the place of the file', () => {
    const tree: Record<string, Entry> = { [X]: { type: 'dir', mode: 0o755 }, [B1]: file('b1') };
    expect(() => steps(tree, [B1], 'b')).toThrow(expect.objectContaining({ code: 'exists' }));
    expect(steps(tree, [B1], 'a').said).toEqual([`-${B1}`]);
  });

  test('a missing copy', () => {
    expect(() => steps({ [X]: file('x') }, [B1], 'b')).toThrow(expect.objectContaining({ code: 'not-found' }));
  });
});

describe('keeping both', () => {
  test('each copy gets a plain and free name', () => {
    const tree = { [X]: file('x'), [B1]: file('b1'), [A2]: file('a2') };
    expect(steps(tree, [B1, A2], 'both', [PLAIN_B1]).said).toEqual([
      `${B1}>d/x (B 2026-11-21 14-03-22 2).txt`,
      `${A2}>d/x (A 2026-11-22 14-03-22 2).txt`,
    ]);
    expect(steps(tree, [B1, A2], 'both').renamed.map(({ from }) => from)).toEqual([B1, A2]);
    expect(parseCopy(p('d/x (B 2026-11-21 14-03-22 2).txt'))).toBe(null);
  });

  test('no two copies get one name', () => {
    const first = p('d/x (conflict B 2026-11-21 14-03-22).txt');
    const second = p('d/x (conflict B 2026-11-21 14-03-22 2).txt');
    const tree = { [X]: file('x'), [first]: file('b1'), [second]: file('b2') };
    expect(steps(tree, [first, second], 'both', [PLAIN_B1]).said).toEqual([
      `${first}>d/x (B 2026-11-21 14-03-22 2).txt`,
      `${second}>d/x (B 2026-11-21 14-03-22 3).txt`,
    ]);
  });

  test('a link is created again', () => {
    const link: Entry = { type: 'symlink', target: 'y', mtime: 0 };
    expect(steps({ [X]: file('x'), [B1]: link }, [B1], 'both').said).toEqual([`+${PLAIN_B1}`, `-${B1}`]);
  });
});

describe('a copy’s name', () => {
  test.each(['x.txt', 'd/.profile', 'a.tar.gz', 'no-extension', 'dot.', `${'é'.repeat(120)}.jpeg`, 'x'.repeat(255)])(
    'says which file it is a copy of: %s',
    (path) => {
      const copy = parse(conflictName(p(path), 'b', '2026-11-21 14-03-22', () => false));
      expect(isCopyOf(copy, p(path))).toBe(true);
      expect(isCopyOf(copy, p(`e/${path}`))).toBe(false);
      expect(copy).toMatchObject({ side: 'b', stamp: '2026-11-21 14-03-22', n: 1 });
      expect(parseCopy(settledName(copy, () => false))).toBe(null);
    },
  );

  test('a copy of a copy is a copy of the original', () => {
    const copy = conflictName(B1, 'a', '2026-11-24 10-00-00', () => false);
    expect(copy).toBe('d/x (conflict A 2026-11-24 10-00-00).txt');
    expect(isCopyOf(parse(copy), X)).toBe(true);
  });
});

test('a copy is of a file with its extension and its beginning', () => {
  const copy = parse(B1);
  expect(['d/x.txt', 'd/x.md', 'd/x', 'd/y.txt', 'x.txt'].map((path) => isCopyOf(copy, p(path)))).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
});

test('copies are sorted by their stamps, then by their numbers, then by their names', () => {
  const at = (name: string, stamp: string, n = '') => p(`d/${name} (conflict B ${stamp}${n}).txt`);
  const [S, T] = ['2026-11-21 14-03-22', '2026-11-21 14-03-23'];
  const sorted = [at('b', S), at('c', S), at('a', S, ' 2'), at('b', S, ' 10'), at('a', T)];
  for (const order of [sorted, [...sorted].reverse()]) {
    expect(
      order
        .map(parse)
        .sort(byAge)
        .map(({ path }) => path),
    ).toEqual(sorted);
  }
});
