import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Entry } from '../../src/core/entry.js';
import { countListed, mergedListing } from '../../src/core/listing.js';
import { nameOf } from '../../src/core/path.js';
import { Snapshot } from '../../src/core/snapshot.js';
import { path, propertyMs, replay, runs } from '../support/core-random.js';
import { file } from '../support/core-tree.js';

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
  test('counts what the listing has', () => {
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
