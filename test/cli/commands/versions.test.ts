// The commands about what is not lost: versions, restore, conflicts, resolve.
import { describe, expect, it } from 'vitest';
import { fakeApi, memory, run } from '../fake-context.js';

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
      ...{ n, side, size, mtime: '2026-11-21T13:00:00.000Z', replaced: '2026-11-21T14:03:22.118Z', reason: 'deleted' },
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
    [['versions', '*b*'], { path: 'b.txt' }, null],
    [['versions', '[x].txt'], { path: '[x].txt' }, null],
    [['versions', 'gone[1].txt'], { path: 'gone[1].txt' }, null],
  ])('%j asks for %j', async (args, target, shown) => {
    const { calls } = await asked(args, { shown: memory(shown) });
    expect(calls).toEqual([['versions', target]]);
  });

  it('wants one file', async () => {
    const { code, err } = await asked(['versions', '*.txt']);
    expect([code, err]).toEqual([2, expect.stringContaining('matches 4 files')]);
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
