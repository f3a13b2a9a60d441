// What is recorded of versions, by the name of each and by the path that it is of.
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { VersionRecords } from '../../../src/disk/versions/records.js';
import { p } from '../../support/disk-site.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

test('a record that is removed or replaced is in no list any more, also after a restart', async () => {
  const root = makeRoot('records');
  onTestFinished(() => removeRoot(root));
  const open = () => new VersionRecords(path.join(root, 'versions.log'));
  const record = (of: string) => ({ of: p(of), replaced: 1, reason: 'deleted' as const, hash: null });
  const names = (of: VersionRecords) => [of.namesOf(p('x')), of.namesOf(p('y'))];
  const first = open();
  for (const name of ['1', '2', '3']) first.add(p(name), record('x') as never);
  first.add(p('2'), record('y') as never);
  first.remove(p('1'));
  first.remove(p('1'));
  expect([names(first), first.get(p('1')), first.get(p('2'))?.of]).toEqual([[['3'], ['2']], null, 'y']);
  first.remove(p('3'));
  expect(names(first)).toEqual([[], ['2']]);
  await first.close();
  const second = open();
  expect(names(second)).toEqual([[], ['2']]);
  await second.close();
});
