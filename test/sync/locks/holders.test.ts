import { expect, test } from 'vitest';
import type { Lock } from '../../../src/core/locks/records.js';
import { LockTable } from '../../../src/core/locks/table.js';
import { LockHolders } from '../../../src/sync/locks/holders.js';
import { p } from '../../support/disk-site.js';

const lockWith = (token: number, path = 'f'): Lock => ({
  ...{ path: p(path), owner: 'ann', side: 'a', since: 1, expires: null, message: '', token },
});

function open(...locks: Lock[]) {
  const table = new LockTable();
  table.record(locks.map((value) => ({ table: 'lock', key: value.path, value })));
  return { table, holders: new LockHolders({ table }) };
}

test.each<[it: string, grants: readonly (readonly [changed: boolean, requests: number])[], requests: number]>([
  ['one request', [[true, 1]], 1],
  ['each request that a grant answers', [[true, 3]], 3],
  [
    'a renewal',
    [
      [true, 1],
      [false, 1],
    ],
    2,
  ],
  [
    'a renewal that answers waiters',
    [
      [true, 1],
      [false, 2],
    ],
    3,
  ],
  ['the request of an earlier run, and a renewal', [[false, 1]], 2],
  ['the request of an earlier run', [], 1],
])('counts %s', (_, grants, requests) => {
  const lock = lockWith(1);
  const { holders } = open(lock);
  for (const [changed, count] of grants) holders.granted(lock, changed, count);
  const given = Array.from({ length: requests }, () => holders.gaveBack(lock));
  expect(given).toEqual([...Array(requests - 1).fill(false), true]);
});

test('counts no lock that has ended', () => {
  const { table, holders } = open(lockWith(1));
  holders.granted(lockWith(1), true, 5);
  table.record([{ table: 'lock', key: 'f', value: lockWith(2) }]);
  holders.granted(lockWith(2), true, 1);
  // As a lock that it does not know.
  expect(holders.gaveBack(lockWith(1))).toBe(true);
  expect(holders.gaveBack(lockWith(2))).toBe(true);
});
