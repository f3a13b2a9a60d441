// The commands about what is not lost: versions, restore, conflicts, resolve.
import { describe, expect, it } from 'vitest';
import type { Api } from '../../../../src/cli/context.js';
import { SyncError } from '../../../../src/core/errors.js';
import type { VersionRow } from '../../../../src/wire/client-api/version-rows.js';
import { fakeApi, memory, run } from '../../fake-context.js';

const COPY = 'a (conflict B 2026-11-21 14-03-22).txt';

async function asked(args: readonly string[], given: Parameters<typeof run>[1] = {}) {
  const calls: unknown[] = [];
  const result = await run(args, { api: fakeApi(['a.txt', 'b.txt', COPY, '[x].txt'], calls), ...given });
  return { ...result, calls: calls.filter((call) => (call as unknown[])[0] !== 'list') };
}

describe('client versions', () => {
  it('is a table for people, with the place of each', async () => {
    const { code, out } = await asked(['versions', 'a.txt']);
    expect(code).toBe(0);
    expect(out.split('\n')[0]).toBe('n  put aside         reason       size  modified          side  where');
    expect(out).toContain('.lockstep/versions/a (2026-11-21 14-03-22).txt');
  });

  it('is JSON for scripts', async () => {
    const { out } = await asked(['versions', 'a.txt', '--json']);
    expect(JSON.parse(out)).toMatchObject({ versions: [{ n: 1, size: 3, reason: 'overwritten' }], away: [] });
  });

  it('says it where nothing is kept, of a file, and of what was none', async () => {
    const api = { ...fakeApi(['b.txt']), versions: async () => ({ versions: [], away: ['b' as const] }) };
    expect(await asked(['versions', 'b.txt'], { api })).toEqual({
      ...{ code: 0, out: 'Nothing earlier is kept of b.txt.\n', calls: [] },
      err: 'Side b is away: what it keeps is not in this list.\n',
    });
    expect(await asked(['versions', 'gone.txt'])).toMatchObject({
      ...{ code: 4, out: '' },
      err: expect.stringMatching(/^There is no file "gone\.txt" on either side, and nothing earlier is kept of it\. /),
    });
    const { code, out } = await asked(['versions', 'gone.txt', '--json']);
    expect([code, JSON.parse(out)]).toMatchObject([4, { error: { code: 'not-found' } }]);
  });

  it('is one row for people where both sides keep one content, and two for scripts', async () => {
    const row = (n: number, side: 'a' | 'b', size = 3) => ({
      ...{
        path: 'a.txt',
        n,
        side,
        size,
        mtime: '2026-11-21T13:00:00.000Z',
        replaced: '2026-11-21T14:03:22.118Z',
        reason: 'deleted',
      },
      where: '.lockstep/versions/a (2026-11-21 14-03-22).txt',
    });
    const rows = [row(1, 'b'), row(2, 'a'), row(3, 'a'), row(4, 'b', 4)];
    const api = { ...fakeApi([]), versions: async () => ({ versions: rows, away: [] }) };
    const lines = (await asked(['versions', 'a.txt'], { api })).out.trimEnd().split('\n');
    expect(lines.map((line) => line.split(/ {2,}/).filter((_, i) => i === 0 || i === 5))).toEqual([
      ['n', 'side'],
      ['1, 2', 'b, a'],
      ['3', 'a'],
      ['4', 'b'],
    ]);
    expect(JSON.parse((await asked(['versions', 'a.txt', '--json'], { api })).out).versions).toEqual(rows);
  });

  it.each([
    [['versions', '0'], { path: 'b.txt' }, ['b.txt', 'a.txt']],
    [['versions', '1'], { index: 1 }, null],
    [['versions', './7'], { path: '7' }, null],
    [['versions', '[x].txt'], { path: '[x].txt' }, null],
    [['versions', 'gone[1].txt'], { path: 'gone[1].txt' }, null],
  ])('%j asks for %j', async (args, target, shown) => {
    const { calls } = await asked(args, { shown: memory(shown) });
    expect(calls).toContainEqual(['versions', target]);
  });
});

const T = Date.parse('2026-11-21T14:00:00.000Z');
const at = (minutes: number) => new Date(T + minutes * 60_000).toISOString();
/** A version that was put aside so many minutes after T, with a content that was written so many after it. */
const kept = (path: string, replaced: number, more: Partial<VersionRow> = {}): VersionRow => ({
  ...{ path, n: 1, size: 3, mtime: at(-60), replaced: at(replaced), reason: 'deleted', side: 'a' },
  ...{ where: `.lockstep/versions/${path} ${replaced}`, ...more },
});

/** A server that keeps `rows`; what is asked of it is in `calls`. */
function keeping(rows: readonly VersionRow[], paths: readonly string[] = [], calls: unknown[] = []): Api {
  return {
    ...fakeApi(paths, calls),
    versions: async () => ({ versions: [], away: [] }),
    recentVersions: async (take, options = {}) => {
      const { since, deleted = false, limit = rows.length } = options;
      calls.push(['recentVersions', options]);
      const isWanted = (row: VersionRow) =>
        (since === undefined || Date.parse(row.replaced) >= since.getTime()) &&
        (!deleted || (row.reason === 'deleted' && !paths.includes(row.path)));
      const wanted = rows.filter(isWanted);
      for (const row of wanted.slice(0, limit)) await take([row]);
      return { away: ['b'], more: wanted.length > limit };
    },
    restore: async (target, options) => {
      calls.push(['restore', target, options]);
      const { path } = target as { path: string };
      if (path.startsWith('locked')) throw new SyncError('locked', `"${path}" is locked by bob.`);
      if (!('where' in options!)) throw new SyncError('not-found', `There is no version 1 of "${path}".`);
      return { path, changed: true, created: true, replaced: at(1), ...options };
    },
  };
}

const names = (out: string) =>
  out
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(/ {2,}/).at(-1));

describe('client versions of many files', () => {
  const rows = [kept('d/x.txt', 30), kept('y.txt', 20, { reason: 'overwritten' }), kept('d/e/z.txt', 10)];

  it('has what was put aside lately, the newest first', async () => {
    const { code, out, err } = await run(['versions'], { api: keeping(rows) });
    expect([code, out.split('\n')[0]]).toEqual([0, 'put aside         reason            size  n     side  name']);
    expect(names(out)).toEqual(['d/x.txt', 'y.txt', 'd/e/z.txt']);
    expect(err).toBe('Side b is away: what it keeps is not in this list.\n');
    const json = await run(['versions', '--json'], { api: keeping(rows) });
    expect(JSON.parse(json.out)).toEqual({ versions: rows, away: ['b'] });
  });

  it.each([
    [['--deleted'], ['d/x.txt', 'd/e/z.txt']],
    [
      ['--since', at(15)],
      ['d/x.txt', 'y.txt'],
    ],
    [['*.txt'], ['y.txt']],
    [['**/*.txt'], ['d/x.txt', 'y.txt', 'd/e/z.txt']],
    [['d'], ['d/x.txt', 'd/e/z.txt']],
    [['d/e/'], ['d/e/z.txt']],
    [['y.txt', '--since', at(0)], ['y.txt']],
  ])('%j', async (args, found) => {
    expect(names((await run(['versions', ...args], { api: keeping(rows) })).out)).toEqual(found);
  });

  it('says it where there is nothing', async () => {
    expect(await run(['versions', '--deleted'], { api: keeping([]) })).toMatchObject({
      ...{ code: 0, out: 'Nothing earlier is kept.\n' },
    });
    const json = await run(['versions', '--deleted', '--json'], { api: keeping([]) });
    expect(JSON.parse(json.out)).toEqual({ versions: [], away: ['b'] });
  });

  it('says it where a pattern is a slip of the pen', async () => {
    const slip = await run(['versions', 'nosuch*'], { api: keeping(rows, ['there.txt']) });
    expect([slip.code, slip.out, slip.err]).toEqual([4, '', expect.stringContaining('No file matches "nosuch*"')]);
    expect((await run(['versions', 'th*'], { api: keeping(rows, ['there.txt']) })).code).toBe(0);
  });

  it('shows a person the newest hundred, and how to see more', async () => {
    const many = Array.from({ length: 150 }, (_, n) => kept(`f${n}`, -n));
    const { out } = await run(['versions'], { api: keeping(many), terminal: true });
    expect(out.trimEnd().split('\n')).toHaveLength(102);
    expect(out).toMatch(/These are the newest 100\. See more with: client versions --since 7d\n$/);
    expect(names((await run(['versions'], { api: keeping(many) })).out)).toHaveLength(150);
  });

  it.each([
    ['--since', 'yesterdayish'],
    ['--older', '7d'],
    ['--prune', '--since', '1d'],
    ['--prune', 'x'],
  ])('refuses %j %j %j', async (...args) => {
    expect((await run(['versions', ...args], { api: keeping([]) })).code).toBe(2);
  });
});

describe('client versions --prune', () => {
  const asks = async (args: readonly string[], given: Parameters<typeof run>[1] = {}) => {
    const calls: unknown[] = [];
    const result = await run(['versions', '--prune', ...args], { api: fakeApi([], calls), ...given });
    return { ...result, calls };
  };

  it.each([
    [['--older', '7d'], 7 * 24 * 60 * 60 * 1000],
    [[], 0],
  ])('%j', async (args, ms) => {
    expect(await asks(args)).toEqual({
      ...{ code: 0, err: '', out: 'Removed 3 versions: 2.00 KB are free again.\n' },
      calls: [
        ['pruneVersions', ms, { dryRun: true }],
        ['pruneVersions', ms, { before: { a: 70, b: 80 } }],
      ],
    });
  });

  it('only counts with --dry-run', async () => {
    expect(await asks(['--dry-run', '--json'])).toMatchObject({
      ...{ code: 0, out: '{"changed":false,"files":3,"bytes":2048}\n' },
      calls: [['pruneVersions', 0, { dryRun: true }]],
    });
  });

  it.each([
    ['y\n', 0, 2],
    ['n\n', 1, 1],
    ['\n', 1, 1],
    ['', 1, 1],
  ])('asks a person, who says %j', async (stdin, code, asked) => {
    const result = await asks(['--older', '7d'], { stdin, terminal: true, stdinIsTerminal: true });
    expect([result.code, result.calls.length]).toEqual([code, asked]);
    expect(result.err).toContain('Remove 3 versions older than 7d (2.00 KB) for ever? [y/N] ');
  });

  it('says what one side has removed where the other could not', async () => {
    const api: Api = {
      ...fakeApi([], []),
      pruneVersions: async (_olderMs, { dryRun } = {}) => ({
        a: { files: 2, bytes: 1024, before: 70 },
        b: dryRun ? { files: 1, bytes: 1024, before: 80 } : null,
        ...(dryRun ? {} : { failed: { side: 'b', code: 'failed', message: 'the disk is broken' } }),
      }),
    };
    const { code, out, err } = await asks([], { api });
    expect([code, out]).toEqual([1, 'Removed 2 versions: 1.00 KB are free again.\n']);
    expect(err).toContain('Those of side b were not removed: the disk is broken');
    expect(JSON.parse((await asks(['--json'], { api })).out)).toMatchObject({
      ...{ side: 'b', changed: true, files: 2, bytes: 1024 },
      error: { code: 'failed' },
    });
  });

  it('wants --yes where a person reads and nobody can be asked, as in the shell', async () => {
    expect((await asks([], { terminal: true })).code).toBe(2);
    expect((await asks(['--yes'], { terminal: true })).code).toBe(0);
  });
});

describe('client restore of many files', () => {
  const rows = [
    ...[kept('d/x.txt', 30), kept('d/y.txt', 29.5, { side: 'b' }), kept('d/x.txt', 20), kept('d/old.txt', 5)],
    ...[kept('e.txt', 4, { reason: 'overwritten' }), kept('there.txt', 3), kept('new.txt', 2, { mtime: at(1) })],
  ];
  const restored = async (args: readonly string[], more: readonly VersionRow[] = rows) => {
    const calls: unknown[][] = [];
    const result = await run(['restore', ...args], { api: keeping(more, ['there.txt', 'f/x'], calls) });
    const what = calls.filter(([name]) => name === 'restore').map(([, , options]) => options as { where?: string });
    return { ...result, what: what.flatMap(({ where }) => (where === undefined ? [] : [where.slice(19)])) };
  };

  it.each([
    [
      ['--deleted-since', at(0)],
      ['d/old.txt 5', 'd/x.txt 30', 'd/y.txt 29.5', 'new.txt 2'],
    ],
    [
      ['d/*', '--deleted-since', at(15)],
      ['d/x.txt 30', 'd/y.txt 29.5'],
    ],
    [
      ['d', '--deleted-since', at(0)],
      ['d/old.txt 5', 'd/x.txt 30', 'd/y.txt 29.5'],
    ],
    [
      ['--before', at(0)],
      ['d/old.txt 5', 'd/x.txt 20', 'd/y.txt 29.5', 'e.txt 4', 'there.txt 3'],
    ],
    [['d/x.txt', '--before', at(25)], ['d/x.txt 30']],
    [['d'], ['d/x.txt 30', 'd/y.txt 29.5']],
  ])('%j', async (args, what) => {
    const result = await restored(args);
    expect([result.code, result.what]).toEqual([0, what]);
    expect(result.out).toContain(`Restored ${what[0]!.split(' ')[0]} (put aside `);
  });

  it('tells of what had gone before the directory', async () => {
    expect((await restored(['d'])).err).toContain(
      '1 file in it went earlier: client restore "d" --deleted-since 30d\n',
    );
  });

  it('does not guess what is missing in a directory that is there', async () => {
    const { code, err, what } = await restored(['f'], [kept('f/y', 1)]);
    expect([code, err, what]).toEqual([4, expect.stringContaining('client restore "f" --deleted-since 30d'), []]);
  });

  it('answers for each file, and goes on after one that is refused', async () => {
    const more = [kept('locked.txt', 5), kept('x.txt', 4)];
    const { code, out, what } = await restored(['--json', '--deleted-since', at(0)], more);
    expect([code, what]).toEqual([3, ['locked.txt 5', 'x.txt 4']]);
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as object),
    ).toEqual([
      {
        error: { code: 'locked', message: '"locked.txt" is locked by bob.', hint: '' },
        path: 'locked.txt',
        changed: false,
      },
      expect.objectContaining({ path: 'x.txt', changed: true }),
    ]);
  });

  it.each(['held', 'discarded'])('does not take what was %s for what was there before', async (reason) => {
    const more = [kept('x.txt', 9), kept('x.txt', 5, { reason }), kept('y.txt', 4, { reason }), kept('z.txt', 3)];
    expect((await restored(['--before', at(0)], more)).what).toEqual(['x.txt 9', 'z.txt 3']);
  });

  it('only shows with --dry-run', async () => {
    const { code, out, what } = await restored(['d', '--dry-run', '--json']);
    expect([code, what]).toEqual([0, []]);
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as object),
    ).toEqual([
      expect.objectContaining({ path: 'd/x.txt', changed: false, dryRun: true }),
      expect.objectContaining({ path: 'd/y.txt', changed: false }),
    ]);
    expect((await restored(['d', '--dry-run'])).out).toMatch(/2 files would be put back\.\n$/);
  });

  it.each([
    [['nosuch', '--deleted-since', at(0)], 4],
    [['--deleted-since', 'soon'], 2],
    [['--deleted-since', '1h', '--before', '1h'], 2],
    [['x', '--before', '1h', '--at', '2'], 2],
    [[], 2],
  ])('refuses %j', async (args, code) => {
    expect((await restored(args)).code).toBe(code);
  });

  it('is called undelete, too', async () => {
    expect(await run(['undelete', 'a.txt'])).toMatchObject({ code: 0 });
  });
});

describe('client restore', () => {
  it.each([
    [['restore', 'a.txt'], 1],
    [['restore', 'a.txt', '--at', '3'], 3],
  ])('%j', async (args, at) => {
    const { code, out, calls } = await asked(args);
    expect(code).toBe(0);
    expect(calls).toEqual([['restore', { path: 'a.txt' }, { at }]]);
    expect(out).toMatch(new RegExp(`^Restored a.txt from version ${at} `));
  });

  it.each(['0', '-1', 'x', '1.5'])('refuses --at %s', async (at) => {
    expect((await asked(['restore', 'a.txt', '--at', at])).code).toBe(2);
  });
});

describe('client conflicts', () => {
  it('lists the copies', async () => {
    const { out } = await asked(['conflicts']);
    expect(out).toContain(COPY);
    expect(out).toContain('client resolve NAME --keep');
    expect(JSON.parse((await asked(['conflicts', '--json'])).out)).toMatchObject({
      conflicts: [{ path: 'a.txt', copy: COPY, side: 'b', original: null }],
    });
  });

  it('says it where there is none', async () => {
    expect(await run(['conflicts'])).toMatchObject({ code: 0, out: 'There is no conflict copy.\n' });
  });
});

describe('client resolve', () => {
  it.each([
    ['a', 'Kept a.txt as it is; 1 copy removed (to versions).\n'],
    ['b', 'a.txt has the content of "a.txt!" now, the old one is in versions; 1 copy removed (to versions).\n'],
    ['both', 'Kept a.txt and, under a plain name, a.txt (B).\n'],
  ])('--keep %s', async (keep, said) => {
    const { code, out, calls } = await asked(['resolve', 'a.txt', '--keep', keep]);
    expect([code, out]).toEqual([0, said]);
    expect(calls).toEqual([['resolve', { path: 'a.txt' }, keep]]);
  });

  it.each([[], ['--keep', 'c']])('wants to know what to keep: %j', async (...flags) => {
    const { code, err } = await asked(['resolve', 'a.txt', ...flags]);
    expect([code, err]).toEqual([2, expect.stringContaining('--keep both')]);
  });
});
