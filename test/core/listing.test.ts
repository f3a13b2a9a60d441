import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Entry } from '../../src/core/entry.js';
import { countListed, mergedListing } from '../../src/core/listing.js';
import { comparePaths, nameOf, type RelPath } from '../../src/core/path.js';
import { Snapshot } from '../../src/core/snapshot.js';
import { path, propertyMs, replay, runs } from '../support/core/random.js';
import { file, showEntry, snapshotOf, tree } from '../support/core/tree.js';

const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.constant(file('1')),
  fc.constant({ type: 'symlink', target: 'x', mtime: 1 } as const),
  fc.constant({ type: 'dir', mode: 0o755 } as const),
);
const snapshot = fc.array(fc.tuple(path, entry), { maxLength: 25 }).map((puts) => {
  const made = new Snapshot();
  for (const [at, one] of puts) made.put(at, one);
  return made;
});

describe(`countListed, ${replay}`, { timeout: propertyMs }, () => {
  test('counts the rows of the listing', () => {
    fc.assert(
      fc.property(snapshot, fc.option(snapshot), (a, b) => {
        const names = mergedListing(a, b).map((row) => nameOf(row.path));
        expect(countListed(a.root, b?.root ?? null, () => true)).toBe(names.length);
        for (const name of new Set(names)) {
          const same = names.filter((other) => other === name).length;
          expect(countListed(a.root, b?.root ?? null, (other) => other === name)).toBe(same);
        }
      }),
      runs(300),
    );
  });
});

const list = (a: string, b: string | null) => {
  const rows = mergedListing(snapshotOf(tree(a)), b === null ? null : snapshotOf(tree(b)));
  return rows.map(({ path, entry, on }) => `${showEntry(path, entry)} ${on}`);
};

describe('mergedListing', () => {
  test.each<[it: string, a: string, b: string | null, rows: string[]]>([
    ['each file once, with where it is', 'x:1 y:1', 'y:1 z:1', ['x:1 a', 'y:1 both', 'z:1 b']],
    ['the newer of two', 'x:1@5 y:1@9', 'x:2@9 y:2@5', ['x:2@9 both', 'y:1@9 both']],
    ["side a's of two of one time", 'x:1', 'x:2', ['x:1 both']],
    ['links, and no directories', 'd/ l->x', 'd/e/', ['l->x a']],
    ['a file against a directory', 'x:1', 'x/y:1', ['x:1 a', 'x/y:1 b']],
    ['a directory against a file', 'x/y:1', 'x:1', ['x:1 b', 'x/y:1 a']],
    ['what is on one side only, of any depth', 'd/e/x:1', 'd/f/y:1', ['d/e/x:1 a', 'd/f/y:1 b']],
    ['side a alone', 'x:1', null, ['x:1 a']],
  ])('%s', (_, a, b, rows) => {
    expect(list(a, b)).toEqual(rows);
  });

  test('is sorted by bytes, whatever the order of the entries', () => {
    const names = ['d/z', 'd.x', 'd', 'b', 'Z', 'é', 'a'].map((name) => (name === 'd' ? 'd0' : name));
    const made = new Snapshot();
    for (const name of names) made.put(name as RelPath, file('1'));
    const rows = mergedListing(made, made).map((row) => row.path);
    expect(rows).toEqual([...names].sort((x, y) => comparePaths(x as RelPath, y as RelPath)));
    expect(rows).toEqual(['Z', 'a', 'b', 'd.x', 'd/z', 'd0', 'é']);
  });
});
