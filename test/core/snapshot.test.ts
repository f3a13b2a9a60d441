import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Entry, sizeOf } from '../../src/core/entry.js';
import type { RelPath } from '../../src/core/path.js';
import { childOf, entryOf, Snapshot, shareEqual } from '../../src/core/snapshot.js';
import { path, propertyMs, replay, runs } from '../support/core/random.js';
import { file, put, showTree, snapshotOf, type Tree, tree, treeOf } from '../support/core/tree.js';

const p = (text: string) => text as RelPath;

const entry: fc.Arbitrary<Entry | null> = fc.oneof(
  fc.constantFrom('', '1', '22', '333').map((word) => file(word)),
  fc.constant({ type: 'symlink', target: 'x', mtime: 1 } as const),
  fc.constantFrom(0o755, 0o700).map((mode) => ({ type: 'dir', mode }) as const),
  fc.constant(null),
);

function expectEqual(snapshot: Snapshot, model: Tree): void {
  expect(showTree(treeOf(snapshot))).toBe(showTree(model));
  const leaves = [...model.values()].filter(({ type }) => type !== 'dir');
  expect(snapshot.files).toBe(leaves.length);
  expect(snapshot.bytes).toBe(leaves.reduce((sum, leaf) => sum + sizeOf(leaf), 0));
  const weights = [...model].map(
    ([at, one]) => 256 + at.slice(at.lastIndexOf('/') + 1).length + (one.type === 'symlink' ? one.target.length : 0),
  );
  expect(snapshot.weight).toBe(weights.reduce((sum, weight) => sum + weight, 0));
  for (const [at, one] of model) expect(entryOf(snapshot.get(at))).toEqual(one);
}

describe(`Snapshot, ${replay}`, { timeout: propertyMs }, () => {
  test.each([
    '__proto__',
    'constructor',
    '7',
    '07',
    '-1',
    ' ',
    'é',
    '漢字の名前がここに長くあります',
    '👩‍🎨'.repeat(9),
    'a name of more than a few letters',
  ])('keeps the name %j to the letter', (name) => {
    const snapshot = new Snapshot();
    snapshot.put(p(`above/${name}/${name}`), file('1'));
    const dir = childOf(childOf(snapshot.root, 'above'), name);
    expect([...(dir as { children: Map<string, unknown> }).children.keys()]).toEqual([name]);
  });

  test('has the entries of a flat map, and correct counts at all times', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(path, entry), { maxLength: 25 }), (puts) => {
        const [snapshot, model]: [Snapshot, Tree] = [new Snapshot(), new Map()];
        for (const [at, one] of puts) {
          snapshot.put(at, one);
          put(model, at, one);
          expectEqual(snapshot, model);
        }
      }),
      runs(400),
    );
  });

  test.each([
    ['a directory again keeps its children', 'd/x:1', 'd', { type: 'dir', mode: 0o700 }, 'd/!700 d/x:1'],
    ['a file for a directory takes them away', 'd/x:1 d/e/y:2', 'd', file('3'), 'd:3'],
    ['a directory for a file is empty', 'd:1', 'd', { type: 'dir', mode: 0o755 }, 'd/'],
    ['what lies below a file proves a directory', 'd:1', 'd/e/x', file('2'), 'd/e/x:2'],
    ['nothing removes all below', 'd/x:1 d/e/y:2 z:3', 'd', null, 'z:3'],
    ['nothing below what is not there makes nothing', 'z:3', 'd/e', null, 'z:3'],
    ['nothing below a file leaves the file', 'd:1', 'd/e', null, 'd:1'],
  ] as const)('%s', (_, before, at, one, after) => {
    const snapshot = snapshotOf(tree(before));
    snapshot.put(p(at), one);
    expectEqual(snapshot, tree(after));
  });

  test('walks parents before children, from anywhere', () => {
    const snapshot = snapshotOf(tree('d/e/x:1 d/y:2 z:3'));
    const seen: string[] = [];
    for (const [at] of snapshot.walk()) {
      const above = at.split('/').slice(0, -1).join('/');
      expect(above === '' || seen.includes(above)).toBe(true);
      seen.push(at);
    }
    expect(seen.sort()).toEqual(['d', 'd/e', 'd/e/x', 'd/y', 'z']);
    expect([...snapshot.walk(p('d/e'))].map(([at]) => at)).toEqual(['d/e', 'd/e/x']);
    expect([...snapshot.walk(p('d/q'))]).toEqual([]);
  });

  test('accepts names such as __proto__, and finds nothing below files', () => {
    const snapshot = snapshotOf(tree('__proto__/constructor:1 x:2'));
    expect(snapshot.get(p('__proto__/constructor'))).toEqual(file('1'));
    expect([snapshot.get(p('x/y')), snapshot.get(p('toString')), childOf(null, 'x')]).toEqual([null, null, null]);
    expect(snapshot.get('')).toBe(snapshot.root);
  });
});

describe('equal entries of all trees are one object', () => {
  const mine = file('1');

  test('the archive adopts the objects of side a, and side b those of the archive', () => {
    const archive = snapshotOf(tree('x:1'));
    expect(shareEqual(archive, p('x'), mine, 'a')).toBe(mine);
    expect(archive.get(p('x'))).toBe(mine);
    expect(shareEqual(archive, p('x'), { ...mine }, 'b')).toBe(mine);
    expect([archive.files, archive.bytes]).toEqual([1, sizeOf(mine)]);
  });

  test.each([
    ['another content', 'x', file('22')],
    ['other bits', 'x', { ...mine, mode: 0o600 }],
    ['a directory', 'x', { type: 'dir', mode: 0o755 }],
    ['what was never shared', 'y', mine],
    ['nothing', 'x', null],
  ] as const)('%s stays what it is, and is not taken for shared', (_, at, other) => {
    const archive = snapshotOf(tree('x:1'));
    for (const side of ['a', 'b'] as const) expect(shareEqual(archive, p(at), other, side)).toBe(other);
    expect(showTree(treeOf(archive))).toBe(showTree(tree('x:1')));
  });
});

describe('moving', () => {
  test.each<[it: string, before: string, from: string, to: string, after: string, moved: string]>([
    ['a file', 'x:1 y:2', 'x', 'z', 'y:2 z:1', 'z'],
    [
      'a directory with all that is in it',
      'd/x:1 d/e/y:2',
      'd',
      'f/g',
      'f/ f/g/ f/g/e/ f/g/e/y:2 f/g/x:1',
      'f/g f/g/x f/g/e f/g/e/y',
    ],
    ['over what is there', 'x:1 d/y:2', 'x', 'd', 'd:1', 'd'],
    ['what is not there, over what is', 'y:2', 'x', 'y', '', ''],
  ])('%s', (_, before, from, to, after, moved) => {
    const snapshot = snapshotOf(tree(before));
    const told = snapshot.move(from as RelPath, to as RelPath);
    expect(showTree(treeOf(snapshot))).toBe(after);
    expect(told.map(([at]) => at).sort()).toEqual(
      moved
        .split(' ')
        .filter((at) => at !== '')
        .sort(),
    );
    for (const [at, entry] of told) expect(entryOf(snapshot.get(at))).toEqual(entry);
    expect([snapshot.files, snapshot.bytes]).toEqual([
      [...treeOf(snapshot).values()].filter(({ type }) => type !== 'dir').length,
      [...treeOf(snapshot).values()].reduce((sum, entry) => sum + sizeOf(entry), 0),
    ]);
  });
});
