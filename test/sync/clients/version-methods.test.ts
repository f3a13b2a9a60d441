// The versions of all files, as clients are sent them: in pieces, up to a limit, and only what nobody has any more.
import { expect, test } from 'vitest';
import { Snapshot } from '../../../src/core/snapshot.js';
import type { RecentVersion, VersionReader } from '../../../src/replica.js';
import { versionHandlers } from '../../../src/sync/clients/version-methods.js';
import { Pair } from '../../../src/sync/pair/pair.js';
import type { VersionRow } from '../../../src/wire/client-api/version-rows.js';
import { dir, file, p } from '../../support/disk-site.js';

const NEWEST = Date.UTC(2026, 10, 21);

/** So many versions of files of their own, the newest first, a second apart. */
const versions = (count: number, reason: RecentVersion['reason'] = 'deleted'): RecentVersion[] =>
  Array.from({ length: count }, (_, n) => ({
    ...{ of: p(`f${n}`), name: p(`v${n}`), size: 1, mtime: 1, replaced: NEWEST - n * 1_000, reason },
  }));

function open(onA: readonly RecentVersion[]) {
  const pair = new Pair(new Snapshot(), { put: () => {} } as never);
  const reader = {
    recent: async function* (since: number) {
      yield onA.filter(({ replaced }) => replaced >= since);
    },
  } as unknown as VersionReader;
  const handlers = versionHandlers(
    { pair, versionReader: (side) => (side === 'a' ? reader : null) },
    null as never,
    null as never,
  );
  const asked = async (params: { since?: string; deleted?: boolean; limit?: number } = {}) => {
    const sent: number[] = [];
    const rows: VersionRow[] = [];
    const notify = async (_method: string, { entries }: { entries: VersionRow[] }) => {
      sent.push(entries.length);
      rows.push(...entries);
    };
    const { versions: last, ...result } = await handlers.versions(params as never, { notify } as never);
    return { sent: [...sent, last.length], paths: [...rows, ...last].map(({ path }) => path), ...result };
  };
  return { pair, asked };
}

test.each<[count: number, sent: number[]]>([
  [0, [0]],
  [500, [500]],
  [501, [500, 1]],
  [1_200, [500, 500, 200]],
])('%i versions are sent in pieces, in order, and the side that is away is named', async (count, sent) => {
  const paths = versions(count).map(({ of }) => of);
  expect(await open(versions(count)).asked()).toEqual({ sent, paths, away: ['b'], more: false });
});

test.each<[limit: number, more: boolean]>([
  [2, true],
  [3, false],
])('of three versions at most %i are sent, and whether there are more is told', async (limit, more) => {
  const paths = ['f0', 'f1', 'f2'].slice(0, limit);
  expect(await open(versions(3)).asked({ limit })).toMatchObject({ paths, more });
});

test('only those since a time are sent', async () => {
  const since = new Date(NEWEST - 1_000).toISOString();
  expect((await open(versions(3)).asked({ since })).paths).toEqual(['f0', 'f1']);
});

test('of deleted files only those are sent that neither side has', async () => {
  const { pair, asked } = open(versions(5));
  pair.archive.put(p('f0'), file('shared'));
  // Before the first scan of a side, what both sides last shared counts.
  expect((await asked({ deleted: true })).paths).toEqual(['f1', 'f2', 'f3', 'f4']);
  pair.a.snapshot = new Snapshot();
  expect((await asked({ deleted: true })).paths).toEqual(['f1', 'f2', 'f3', 'f4']);
  pair.b.snapshot = new Snapshot();
  pair.a.snapshot.put(p('f1'), file('again'));
  pair.b.snapshot.put(p('f2'), file('again'));
  pair.a.snapshot.put(p('f3'), dir());
  expect((await asked({ deleted: true })).paths).toEqual(['f0', 'f3', 'f4']);
  expect((await asked()).paths).toHaveLength(5);
});
