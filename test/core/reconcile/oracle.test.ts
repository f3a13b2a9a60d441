// The rule of SPEC 4 once more, written path by path in the plainest way, for trees in which no name is a directory in
// one and a file in another. Two people who read the same rule must come to the same tree.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Entry, mtimeOf, sameContent, sameEntry } from '../../../src/core/entry.js';
import { comparePaths, type RelPath } from '../../../src/core/path.js';
import { pairOf, settle } from '../../support/core/apply.js';
import { propertyMs, replay, runs, threeTrees } from '../../support/core/random.js';
import { showTree, type Tree } from '../../support/core/tree.js';

interface Trees {
  readonly archive: Tree;
  readonly a: Tree;
  readonly b: Tree;
}

const pathsOf = ({ archive, a, b }: Trees): RelPath[] => [...new Set([...archive.keys(), ...a.keys(), ...b.keys()])];

function isPlain(trees: Trees): boolean {
  return pathsOf(trees).every((path) => {
    const types = [trees.archive, trees.a, trees.b]
      .map((tree) => tree.get(path))
      .filter((entry) => entry !== undefined);
    return types.every((entry) => (entry.type === 'dir') === (types[0]!.type === 'dir'));
  });
}

const newerOf = (a: Entry, b: Entry): Entry => (mtimeOf(a) >= mtimeOf(b) ? a : b);

/** One side's state is what both had: the other's is the new one. Else nobody's. */
function follower(o: Entry | null, a: Entry, b: Entry): Entry | null {
  if (sameEntry(o, a)) return b;
  return sameEntry(o, b) ? a : null;
}

/** What is to stand at the path of a file or link, and what beside it. */
function fileRule(o: Entry | null, a: Entry | null, b: Entry | null): { name: Entry | null; copyOf: 'a' | 'b' | null } {
  const name = (entry: Entry | null) => ({ name: entry, copyOf: null });
  if (a === null || b === null) return name(sameEntry(o, a ?? b) ? null : (a ?? b));
  if (sameContent(a, b)) return name((o !== null && sameContent(o, a) ? follower(o, a, b) : null) ?? newerOf(a, b));
  if (o !== null && sameContent(o, a)) return name(b);
  if (o !== null && sameContent(o, b)) return name(a);
  return { name: newerOf(a, b), copyOf: newerOf(a, b) === a ? 'b' : 'a' };
}

function expected(trees: Trees): Tree {
  const end: Tree = new Map();
  // From the longest: when a directory's turn comes, what survives below it is known.
  for (const path of pathsOf(trees).sort(comparePaths).reverse()) {
    const [o, a, b] = [trees.archive, trees.a, trees.b].map((tree) => tree.get(path) ?? null) as [
      Entry | null,
      Entry | null,
      Entry | null,
    ];
    if ((o ?? a ?? b)!.type === 'dir') {
      const needed = [...end.keys()].some((other) => other.startsWith(`${path}/`));
      if (a !== null && b !== null) end.set(path, follower(o, a, b) ?? newerOf(a, b));
      else if ((a ?? b) !== null && (o === null || needed)) end.set(path, (a ?? b)!);
      continue;
    }
    const { name, copyOf } = fileRule(o, a, b);
    if (name !== null) end.set(path, name);
    if (copyOf !== null) end.set(`${path}~${copyOf}` as RelPath, copyOf === 'a' ? a! : b!);
  }
  return end;
}

describe(`reconcile against the plain rule, ${replay}`, { timeout: propertyMs }, () => {
  test('both come to the same tree', () => {
    fc.assert(
      fc.property(threeTrees.filter(isPlain), (trees) => {
        const pair = pairOf(trees.archive, trees.a, trees.b);
        settle(pair);
        expect(showTree(pair.a)).toBe(showTree(expected(trees)));
        expect(showTree(pair.b)).toBe(showTree(pair.a));
      }),
      runs(400),
    );
  });
});
