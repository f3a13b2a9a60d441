// What a scan has found goes into the snapshot, and what hangs on a directory goes with it.
import { expect, test } from 'vitest';
import type { Entry } from '../../../src/core/entry.js';
import type { RelPath } from '../../../src/core/path.js';
import { Snapshot } from '../../../src/core/snapshot.js';
import { commit, Overwritten } from '../../../src/disk/scan/commit.js';
import type { ScanContext } from '../../../src/disk/scan/context.js';
import { dir, file, p } from '../../support/disk-site.js';

/** @returns what was done, in order. */
async function committed(snapshot: Snapshot, findings: Record<string, Entry | null>, written: string[] = []) {
  const done: string[] = [];
  const note = (what: string) => (path: RelPath) => void done.push(`${what} ${path}`);
  const context = {
    snapshot,
    directories: { drop: note('drop'), holdMode: note('hold mode of') },
    unsettled: { release: note('release'), releaseBelow: note('release below') },
  } as unknown as ScanContext;
  const overwritten = new Overwritten();
  for (const path of written) overwritten.add(p(path));
  await commit(new Map(Object.entries(findings)) as Map<RelPath, Entry | null>, {
    context,
    differences: { touch: note('differs') } as never,
    overwritten,
    onSeen: note('seen'),
    again: note('again'),
  });
  return done;
}

const tree = () => {
  const snapshot = new Snapshot();
  snapshot.put(p('d'), dir());
  snapshot.put(p('d/f'), file('x'));
  return snapshot;
};

test.each<[it: string, entry: Entry | null]>([
  ['gone', null],
  ['a file now', file('y')],
])('a directory that is %s is watched no more, and nothing below it is waited for', async (_, entry) => {
  const snapshot = tree();
  const done = await committed(snapshot, { d: entry });
  expect(done).toEqual(['differs d', 'drop d', 'release below d', 'release d', 'seen d']);
  expect(snapshot.get(p('d/f'))).toBeNull();
});

test('a directory that stays keeps both, and what was never there changes nothing', async () => {
  const snapshot = tree();
  const done = await committed(snapshot, { d: dir(0o700), 'd/f': file('x'), 'd/gone': null });
  expect(done).toEqual([
    ...['differs d', 'release d', 'hold mode of d', 'seen d'],
    ...['release d/f', 'seen d/f', 'release d/gone'],
  ]);
  expect([...snapshot.walk()].map(([path]) => path)).toEqual(['d', 'd/f']);
});

test('what was written meanwhile, above or below, and what has no directory any more is scanned again', async () => {
  const snapshot = tree();
  const findings = { 'd/f': file('y'), d: null, 'gone/f': file('z'), g: file('g') };
  const done = await committed(snapshot, findings, ['d/f']);
  expect(done).toEqual(['again d/f', 'again d', 'again gone/f', 'differs g', 'release g', 'seen g']);
  expect([...snapshot.walk()].map(([path]) => path)).toEqual(['d', 'd/f', 'g']);
});
