// Queries of clients: rows of the listing, the status, numbers, and long answers in parts.
import { describe, expect, test } from 'vitest';
import type { Entry } from '../../../src/core/entry.js';
import type { RelPath } from '../../../src/core/path.js';
import { ClientQueries, streamed } from '../../../src/sync/clients/queries.js';
import { Claims } from '../../../src/sync/pair/claims.js';
import { Planner } from '../../../src/sync/session/planner.js';
import { ArrivedContents } from '../../../src/sync/session/queued-change.js';
import { PairStatus } from '../../../src/sync/session/status.js';
import { Work } from '../../../src/sync/session/work.js';
import { snapshotOf, tree } from '../../support/core/tree.js';
import { p } from '../../support/disk-site.js';
import { LockFixture } from '../../support/lock-fixture.js';

const PROBLEM = { path: 'x', code: 'unreadable', message: 'No.' } as const;

function open(a: string | null, b: string | null, shared = '', problems: readonly object[] = [PROBLEM]) {
  const fixture = new LockFixture();
  const { pair, lockState } = fixture;
  for (const [path, entry] of tree(shared)) pair.archive.put(path, entry);
  pair.a.snapshot = a === null ? null : snapshotOf(tree(a));
  pair.b.snapshot = b === null ? null : snapshotOf(tree(b));
  const quickCheck = {
    state: 'in-sync',
    isConnected: true,
    hasSeenB: true,
    pending: 4,
    problems: () => problems,
    progressOf: (path: string) => (path === 'coming' ? 43 : null),
    left: () => ({ files: 2, bytes: 9 }),
    lastInSync: 1_000,
  };
  const session = { status: quickCheck, paused: { by: 'ann', since: 2_000 } };
  const queries = new ClientQueries({ session: session as never, pair, lockState, peer: 'host:1' });
  const sent: object[] = [];
  const call = { notify: async (_: string, params: object) => void sent.push(params) } as never;
  const list = (compact = false) =>
    queries.list({ compact }, call) as Promise<{ generation: number; entries: object[] }>;
  const lock = (path: string, side: 'a' | 'b') =>
    lockState.dispatch({ kind: 'lock', path: p(path), owner: 'ann', side, message: 'why', now: 1_000 });
  const hold = (path: string, n: number) => {
    const [base, after] = [n, n + 1].map((content) => tree(`x:${content}`).get(p('x'))!);
    lockState.dispatch({ kind: 'hold', path: p(path), base: base!, after: after!, file: null, now: 1 });
  };
  return { fixture, pair, quickCheck, queries, sent, call, list, lock, hold };
}

describe('a row', () => {
  test('of a file has all fields', async () => {
    const { list, pair } = open('x:123@5000000!600', 'x:123@5000000!600');
    expect(await list()).toEqual({
      generation: pair.generation,
      entries: [
        {
          index: 0,
          path: 'x',
          type: 'file',
          size: 3,
          mtime: '1970-01-01T00:00:05.000Z',
          mode: 0o600,
          on: 'both',
          lock: null,
          held: 0,
        },
      ],
    });
  });

  test('of a link, of a file on one side, and of a running transfer', async () => {
    const { list } = open('coming:1 l->x', 'only:1 l->x');
    const { entries } = await list();
    expect(entries).toMatchObject([
      { path: 'coming', on: 'a', syncing: 43 },
      { path: 'l', type: 'symlink', mode: 0o777, on: 'both' },
      { path: 'only', on: 'b', index: 2 },
    ]);
    expect(entries[1]).not.toHaveProperty('syncing');
  });

  test('of a locked file shows the content and name of its holder, and the held updates', async () => {
    const { list, lock, hold } = open('x:1@9 y:1 z:1', 'x:22@1 y:1 z/f:1');
    lock('x', 'b');
    lock('z', 'b');
    hold('x', 1);
    hold('x', 2);
    const { entries } = await list();
    expect(entries).toMatchObject([
      {
        path: 'x',
        size: 2,
        held: 2,
        lock: { owner: 'ann', side: 'b', message: 'why', since: '1970-01-01T00:00:01.000Z' },
      },
      { path: 'y', size: 1, held: 0, lock: null },
      { path: 'z', size: 1 },
      { path: 'z/f' },
    ]);
  });

  test('of a locked file that its holder lacks shows the other side', async () => {
    const { list, lock } = open('x:1', '');
    lock('x', 'b');
    expect((await list()).entries).toMatchObject([{ size: 1, on: 'a' }]);
  });

  test('in short form is an array', async () => {
    const { list } = open('x:1@5000000', 'x:1@5000000');
    expect((await list(true)).entries).toEqual([['x', 1, 5_000, 0o644]]);
  });
});

describe('the listing', () => {
  test('is built again when something has changed, and not before', () => {
    const { queries, pair } = open('x:1', 'x:1');
    const before = queries.files();
    expect(queries.files()).toBe(before);
    pair.a.snapshot!.put(p('y'), tree('y:1').get(p('y'))!);
    pair.generation++;
    expect(queries.files().map(({ path }) => path)).toEqual(['x', 'y']);
  });

  test('without side b shows what was shared with it; before the first scan it is empty', () => {
    expect(
      open('x:1', null, 'x:1 y:1')
        .queries.files()
        .map(({ path, on }) => `${path} ${on}`),
    ).toEqual(['x both', 'y b']);
    expect(open(null, 'x:1', 'x:1').queries.files()).toEqual([]);
  });
});

describe('status', () => {
  test('counts both sides, locks, held updates and conflicts', () => {
    const copy = 'x (conflict B 2026-11-21 14-03-22)';
    const { queries, lock, hold, pair } = open('x:1 y:22', 'x:1');
    pair.a.snapshot!.put(p(copy), tree('c:1').get(p('c'))!);
    lock('x', 'a');
    lock('y', 'a');
    hold('x', 1);
    hold('x', 2);
    hold('y', 1);
    expect(queries.status()).toEqual({
      state: 'in-sync',
      peer: { address: 'host:1', connected: true },
      a: { files: 3, bytes: 4 },
      b: { files: 1, bytes: 1 },
      pending: 4,
      held: 3,
      locks: 2,
      conflicts: 1,
      problems: [{ path: 'x', code: 'unreadable', message: 'No.' }],
      paused: { by: 'ann', since: '1970-01-01T00:00:02.000Z' },
      left: { files: 2, bytes: 9 },
      lastInSync: '1970-01-01T00:00:01.000Z',
    });
    pair.a.snapshot!.put(p(copy), null);
    expect(queries.status().conflicts).toBe(1);
    pair.generation++;
    expect(queries.status().conflicts).toBe(0);
    pair.b.halt = { code: 'root-emptied', message: 'Empty.' };
    expect(queries.status().outdated).toEqual(['b']);
    pair.a.halt = pair.b.halt;
    expect(queries.status().outdated).toEqual(['a', 'b']);
  });

  test('shows side b as it was last seen until it is scanned again', () => {
    const { queries, quickCheck } = open('x:1', 'x:1');
    quickCheck.hasSeenB = false;
    expect(queries.status()).toMatchObject({ peer: { connected: true }, outdated: ['b'] });
  });

  test.each([
    [10_000, 10_000],
    [10_001, 10_000],
    [25_000, 10_000],
  ])('has the first of %d problems, and no more than an answer can carry: %d', (n, shown) => {
    const problems = Array.from({ length: n }, (_, at) => ({ ...PROBLEM, path: `f${at}` }));
    const { queries } = open('x:1', 'x:1', '', problems);
    expect(queries.status().problems).toEqual(problems.slice(0, shown));
  });

  test('before the first scan has zeros', () => {
    expect(open(null, null).queries.status()).toMatchObject({
      a: { files: 0, bytes: 0 },
      b: null,
      conflicts: 0,
      held: 0,
    });
  });

  test('counts conflicts that only side b has', () => {
    const { queries, pair } = open('x:1', 'x:1');
    pair.b.snapshot!.put(p('x (conflict B 2026-11-21 14-03-22)'), tree('c:1').get(p('c'))!);
    expect(queries.status().conflicts).toBe(1);
  });

  test('counts conflicts in the archive while side b is disconnected', () => {
    const { queries, pair } = open('x:1', null);
    pair.archive.put(p('x (conflict B 2026-11-21 14-03-22)'), tree('c:1').get(p('c'))!);
    expect(queries.status().conflicts).toBe(1);
  });
});

describe('a target', () => {
  test('is a path, or a number of the listing', () => {
    const { queries } = open('x:1 y:1', '');
    expect([queries.pathOf({ path: 'gone' }), queries.pathOf({ index: 1 })]).toEqual(['gone', 'y']);
  });

  test.each([
    ['x:1 y:1', /number "2": the numbers go from 0 to 1\.$/],
    ['', /number "2": the pair is empty\.$/],
  ])('that no file has is refused: %j', (text, words) => {
    const { queries } = open(text, '');
    expect(() => queries.pathOf({ index: 2 })).toThrow(
      expect.objectContaining({ code: 'not-found', message: expect.stringMatching(words) }),
    );
  });
});

describe('a long answer', () => {
  test.each([
    [0, []],
    [500, []],
    [501, [500]],
    [1_000, [500]],
    [1_001, [500, 500]],
  ])('of %d rows is sent ahead in pieces', async (count, pieces) => {
    const { sent, call } = open('', '');
    const items = Array.from({ length: count }, (_, n) => n);
    const rest = await streamed(call, items, (item, index) => [item, index]);
    const ahead = (sent as { entries: number[][] }[]).map(({ entries }) => entries);
    expect(ahead.map(({ length }) => length)).toEqual(pieces);
    expect([...ahead.flat(), ...rest]).toEqual(items.map((item) => [item, item]));
  });

  test('waits for its caller to read', async () => {
    let read: () => void = () => {};
    const call = { notify: () => new Promise<void>((resolve) => (read = resolve)) } as never;
    let done = false;
    const asking = streamed(call, new Array(501).fill(0)).then(() => {
      done = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).toBe(false);
    read();
    await asking;
  });
});

describe('the state', () => {
  const transfer = (path: string, size: number, arrived: number, state = 'begun') =>
    [p(path), { change: { path }, size, arrived, before: 0, state }] as const;
  const queue = (tickets: (readonly [string, object])[], size = tickets.length) => ({
    size,
    transferred: new Map(tickets),
    progress: (path: string) => (new Map(tickets).has(p(path)) ? 50 : null),
  });
  const seen = (more: object = {}) => {
    const fixture = new LockFixture();
    const peer = { seen: true, queues: { a: queue([]), b: queue([]) } };
    const how = {
      recorder: { halted: false },
      peer: (): object | null => peer,
      isPaused: () => false,
      isInSync: () => true,
      canSync: () => true,
      moving: [] as readonly RelPath[],
      ...more,
    };
    const { pair, lockState } = fixture;
    const claims = new Claims();
    const retries = {
      list: () => [{ path: 't', code: 'no-space', message: 'Full.' }],
      moving: () => how.moving,
      isMovingAt: (path: RelPath) => how.moving.includes(path),
    };
    const context = {
      ...{ pair, recorder: how.recorder, retries, claims },
      planner: new Planner({ pair, lockState, claims, retries } as never),
      sides: { peer: how.peer(), arrived: new ArrivedContents() },
      heldUpdates: { fetching: { files: 0, bytes: 0 } },
      work: new Work(),
      waiting: {
        count: () => ({ files: 3, bytes: 30, paths: new Map(['w1', 'w2', 'w3'].map((path) => [path, { path }])) }),
      },
      clock: { now: () => 7 },
      session: { isPaused: how.isPaused(), isInSync: how.isInSync(), canSync: how.canSync() },
    };
    const { arrived } = context.sides;
    return { status: new PairStatus(context as never), pair, lockState, claims, arrived };
  };

  test.each<[string, object]>([
    ['in-sync', {}],
    ['syncing', { isInSync: () => false }],
    ['halted', { recorder: { halted: true }, isPaused: () => true }],
    ['paused', { isPaused: () => true, peer: () => null }],
    ['peer-lost', { peer: () => null }],
    ['scanning', { peer: () => ({ seen: false }) }],
  ])('says %s', (state, more) => {
    expect(seen(more).status.state).toBe(state);
  });

  test('is scanning before the first scan', () => {
    const { status, pair } = seen({ peer: () => null });
    pair.a.snapshot = null;
    expect([status.state, status.isConnected]).toEqual(['scanning', false]);
  });

  test('counts pending paths: in transfer, marked, not settled', () => {
    const peer = { queues: { a: queue([transfer('1', 1, 0)]), b: queue([transfer('2', 1, 0), transfer('3', 1, 0)]) } };
    const { status, pair } = seen({ peer: () => peer });
    pair.clearMarks();
    for (const path of ['m', 'n', 'o', 'q']) pair.mark(p(path));
    pair.a.unsettled = 10;
    pair.b.unsettled = 20;
    expect(status.pending).toBe(37);
    expect(seen({ peer: () => null, canSync: () => false }).status.pending).toBe(3);
  });

  describe('of a path that is in no queue', () => {
    const film = (hash: string, size = 8 << 20): Entry => ({ type: 'file', size, mtime: 0, mode: 0o644, hash });
    const cut = (hash: string, arrived: number) =>
      ({
        change: { path: p('film'), action: 'modified', before: null, after: film(hash) },
        size: 8 << 20,
        arrived,
        before: 0,
      }) as never;
    const differing = (more: object) => {
      const all = seen({ isInSync: () => false, ...more });
      all.pair.clearMarks();
      all.pair.a.snapshot!.put(p('film'), film('new'));
      all.pair.b.snapshot!.put(p('film'), film('old', 1 << 20));
      all.arrived.note(cut('new', 6 << 20));
      return all;
    };

    test.each<[string, object, (all: ReturnType<typeof seen>) => void]>([
      ['because it is tried again', { moving: [p('film')] }, () => {}],
      ['because another connection still has it', {}, ({ pair }) => pair.postponed.add(p('film'))],
    ])('%s, it is pending, and what had arrived still counts', (_, more, given) => {
      const all = differing(more);
      given(all);
      expect([all.status.pending, all.status.left()]).toEqual([1, { files: 1, bytes: 2 << 20 }]);
      expect([all.status.progressOf(p('film')), all.status.progressOf(p('other'))]).toEqual([75, null]);
    });

    test.each<[its: string, given: (all: ReturnType<typeof seen>) => void, share: number]>([
      ['it is the one that alone has changed', ({ pair }) => pair.agree(p('film'), film('old', 4 << 20)), 75],
      ['it is the newer one of two that have', () => {}, 25],
      [
        'it is the one that keeps the name',
        ({ lockState }) => {
          lockState.table.preferences.set(p('film'), { path: p('film'), side: 'a' } as never);
        },
        75,
      ],
    ])('%s whose share is shown, where parts of both contents had arrived', (_, given, share) => {
      const all = differing({ moving: [p('film')] });
      all.pair.b.snapshot!.put(p('film'), { ...film('old', 4 << 20), mtime: 1 } as Entry);
      all.arrived.note(cut('old', 1 << 20));
      given(all);
      expect(all.status.progressOf(p('film'))).toBe(share);
    });

    test('it is counted once where it is fetched to be held', () => {
      const { status, pair, claims } = differing({});
      pair.postponed.add(p('film'));
      claims.claim(p('film'), 'held-update');
      expect([status.pending, status.left().files]).toEqual([0, 0]);
    });

    test('it has nothing left to transfer where both sides have it', () => {
      const { status, pair } = differing({ moving: [p('film')] });
      pair.b.snapshot!.put(p('film'), film('new'));
      expect([status.pending, status.left(), status.progressOf(p('film'))]).toEqual([1, { files: 0, bytes: 0 }, null]);
    });

    test.each([
      [8 << 20, 75],
      [9 << 20, 0],
    ])(
      'because it is read anew with %i bytes, what had arrived of a content of that size still counts',
      (size, share) => {
        const { status, pair } = differing({});
        pair.a.arriving = new Map([[p('film'), size]]);
        expect(status.progressOf(p('film'))).toBe(share);
      },
    );
  });

  test('has the problems of both sides, of single paths, and the halts', () => {
    const { status, pair } = seen();
    pair.a.problems = [{ path: 'a', code: 'unreadable', message: '1' }];
    pair.b.problems = [{ path: 'b', code: 'unreadable', message: '2' }];
    pair.b.halt = { code: 'root-missing', message: '3' };
    expect(status.problems().map(({ path, message }) => `${path} ${message}`)).toEqual([' 3', 'a 1', 'b 2', 't Full.']);
  });

  test('shows running transfers, the largest first, and what is left', () => {
    const peer = {
      queues: {
        a: queue([
          transfer('small', 10, 5),
          transfer('whole', 10, 10),
          transfer('waits', 10, 0, 'waiting'),
          transfer('none', 10, 0),
        ]),
        b: queue([
          transfer('large', 100, 60),
          ['was', { change: { path: 'large' }, size: 100, arrived: 60, state: 'begun' }],
        ]),
      },
    };
    const { status } = seen({ peer: () => peer });
    expect(status.transfers()).toEqual({
      transfers: [
        { path: 'large', size: 100, arrived: 60, to: 'b' },
        { path: 'small', size: 10, arrived: 5, to: 'a' },
      ],
      left: { files: 5, bytes: 65 },
      done: { files: 0, bytes: 0 },
      percent: 0,
    });
    expect(['small', 'large', 'x'].map((path) => status.progressOf(p(path)))).toEqual([50, 50, null]);
  });

  test('shows files that are still being written or read, and counts them among what is left', () => {
    const peer = { queues: { a: queue([]), b: queue([transfer('film', 100, 60)]) } };
    const { status, pair } = seen({ peer: () => peer });
    pair.a.arriving = new Map([
      [p('film'), 100],
      [p('song'), 20],
    ]);
    pair.a.unsettled = 2;
    expect(status.transfers()).toMatchObject({
      transfers: [
        { path: 'film', size: 100, arrived: 60, to: 'b' },
        { path: 'song', size: 20, arrived: 0, to: 'b', reading: true },
      ],
      left: { files: 3, bytes: 160 },
    });
  });

  test('counts what waits while nothing is transferred', () => {
    const { status } = seen({ canSync: () => false });
    expect([status.pending, status.left()]).toEqual([3, { files: 3, bytes: 30 }]);
  });

  test('last agreed now, while both sides do, and else when the pair remembers', () => {
    const { status, pair } = seen();
    expect(status.lastInSync).toBe(7);
    const { status: busy, pair: other } = seen({ isInSync: () => false });
    expect(busy.lastInSync).toBeNull();
    other.meta.put('inSync', 3);
    expect([busy.lastInSync, pair.meta.get('inSync')]).toEqual([3, null]);
  });

  test('shows no more than 32 transfers', () => {
    const many = Array.from({ length: 40 }, (_, n) => transfer(`${n}`, 100 + n, 1));
    const { status } = seen({ peer: () => ({ queues: { a: queue(many), b: queue([]) } }) });
    const { transfers } = status.transfers();
    expect([transfers.length, transfers[0]!.size]).toEqual([32, 139]);
  });

  test('without side b has no transfers', () => {
    const { status } = seen({ peer: () => null });
    expect([status.transfers(), status.left(), status.progressOf(p('x'))]).toEqual([
      { transfers: [], left: { files: 0, bytes: 0 }, done: { files: 0, bytes: 0 }, percent: 0 },
      { files: 0, bytes: 0 },
      null,
    ]);
  });
});
