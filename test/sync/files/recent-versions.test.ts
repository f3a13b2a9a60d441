// What was put aside lately on both sides, merged as it comes.
import { describe, expect, test } from 'vitest';
import { SyncError } from '../../../src/core/errors.js';
import type { RecentVersion, VersionReader } from '../../../src/replica.js';
import { RecentVersions } from '../../../src/sync/files/recent-versions.js';
import { p } from '../../support/disk-site.js';

const kept = (of: string, replaced: number, reason: RecentVersion['reason'] = 'overwritten'): RecentVersion => ({
  ...{ of: p(of), name: p(`${of}-${replaced}`), size: 3, mtime: 1_500_000, replaced, reason },
});

/** A side that sends its versions in pieces of two, and may fail after them. */
function side(versions: readonly RecentVersion[], fault: Error | null = null): VersionReader & { taken: number } {
  const reader = {
    taken: 0,
    async *recent(since: number) {
      for (let at = 0; at < versions.length; at += 2) {
        reader.taken++;
        yield versions.slice(at, at + 2).filter(({ replaced }) => replaced >= since);
      }
      if (fault !== null) throw fault;
    },
  };
  return reader as unknown as VersionReader & { taken: number };
}

async function listed(
  a: VersionReader | null,
  b: VersionReader | null,
  { since = 0, deleted = false, present = [] as string[] } = {},
) {
  const recent = new RecentVersions({
    versionReader: (of) => (of === 'a' ? a : b),
    isPresent: (path) => present.includes(path),
  });
  const rows: string[] = [];
  for await (const row of recent.rows({ since, deleted })) rows.push(`${row.path} ${row.n} ${row.side}`);
  return { rows, away: [...recent.away] };
}

describe('the versions of both sides', () => {
  test('are one list, newest first, numbered like those of one file', async () => {
    const a = side([kept('x', 9), kept('y', 5), kept('x', 4)]);
    const b = side([kept('x', 9), kept('x', 7), kept('y', 6), kept('z', 1)]);
    expect(await listed(a, b)).toEqual({
      rows: ['x 1 a', 'x 2 b', 'x 3 b', 'y 1 b', 'y 2 a', 'x 4 a', 'z 1 b'],
      away: [],
    });
  });

  test('have the fields that the specification names', async () => {
    const recent = new RecentVersions({ versionReader: () => side([kept('d/x', 1000)]), isPresent: () => false });
    const { value } = await recent.rows({ since: 0, deleted: false }).next();
    expect(value).toEqual({
      ...{ path: 'd/x', n: 1, size: 3, mtime: '1970-01-01T00:00:01.500Z', replaced: '1970-01-01T00:00:01.000Z' },
      ...{ reason: 'overwritten', side: 'a', where: '.lockstep/versions/d/x-1000' },
    });
  });

  test.each<[string, VersionReader | null]>([
    ['that is away', null],
    ['that runs an earlier version', side([], new SyncError('unknown-method', 'No such method.'))],
  ])('of a side %s are missing, and it is said', async (_, b) => {
    expect(await listed(side([kept('x', 1)]), b)).toEqual({ rows: ['x 1 a'], away: ['b'] });
  });

  test('of a side that goes away meanwhile are listed as far as they came', async () => {
    const b = side([kept('x', 3)], new SyncError('closed', 'Gone.'));
    expect(await listed(side([kept('x', 2)]), b)).toEqual({ rows: ['x 1 b', 'x 2 a'], away: ['b'] });
  });

  test('are not read further than they are wanted', async () => {
    const a = side(Array.from({ length: 100 }, (_, n) => kept(`f${n}`, 1000 - n)));
    const recent = new RecentVersions({ versionReader: (of) => (of === 'a' ? a : null), isPresent: () => false });
    for await (const { path } of recent.rows({ since: 0, deleted: false })) if (path === 'f3') break;
    expect(a.taken).toBe(2);
  });
});

describe('what was deleted', () => {
  test.each<[string, RecentVersion[], string[], string[]]>([
    ['is what has gone', [kept('x', 2, 'deleted')], [], ['x 1 a']],
    ['is not what is there again', [kept('x', 2, 'deleted')], ['x'], []],
    ['is not what was overwritten, as under a name that a rename has left', [kept('x', 2)], [], []],
    [
      'is every time that it went',
      [kept('x', 3, 'deleted'), kept('x', 2), kept('x', 1, 'deleted')],
      [],
      ['x 1 a', 'x 3 a'],
    ],
    ['may be what has lost its record, if it is the newest', [kept('x', 3, null), kept('x', 2, null)], [], ['x 1 a']],
  ])('%s', async (_, versions, present, rows) => {
    expect((await listed(side(versions), side([]), { deleted: true, present })).rows).toEqual(rows);
  });
});
