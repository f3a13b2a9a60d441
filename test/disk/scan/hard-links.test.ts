// The other names of files that have several.
import { expect, test } from 'vitest';
import { Snapshot } from '../../../src/core/snapshot.js';
import { namesOf } from '../../../src/disk/scan/hard-links.js';
import { dir, file, link, p } from '../../support/disk-site.js';

test('only files with one of the inodes are names of it', () => {
  const snapshot = new Snapshot();
  snapshot.put(p('d'), dir());
  const files = { f: 1, g: 2, 'd/f': 1, 'd/h': 3 };
  for (const [name, ino] of Object.entries(files)) snapshot.put(p(name), { ...file('x'), ino } as never);
  snapshot.put(p('l'), link('f'));
  expect(namesOf(snapshot, new Set([1, 3])).sort()).toEqual(['d/f', 'd/h', 'f']);
  expect(namesOf(snapshot, new Set([4]))).toEqual([]);
});
