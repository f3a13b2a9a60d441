// Locks for clients: the order in which targets are requested, the results of refused ones, and notices.
import { describe, expect, test } from 'vitest';
import { SyncError } from '../../../src/core/errors.js';
import type { RelPath, Side } from '../../../src/core/path.js';
import { ServeLocks } from '../../../src/sync/clients/lock-methods.js';
import type { ServiceRequest } from '../../../src/sync/locks/request.js';
import type { Acted, Refused, Target } from '../../../src/wire/client-api/methods.js';
import { p } from '../../support/disk-site.js';

function open(answers: Record<string, Partial<Acted & Refused>> = {}, connection: { readonly side?: Side } = {}) {
  const asks: ServiceRequest[] = [];
  const open: string[] = [];
  let most = 0;
  const notices = [{ id: 1, path: p('lost'), owner: 'ann', reason: 'stolen', by: 'bob', time: 5_000 }];
  const asking = { path: p('x'), owner: 'ann', message: '', told: false };
  const askings = [
    { ...asking, by: 'bob', time: 4_000 },
    { ...asking, by: 'cyd', time: 6_000, message: 'at noon' },
  ];
  const freed = [
    { path: p('y'), free: 7_000, holder: null },
    { path: p('z'), free: 8_000, holder: 'cyd' },
  ];
  const told: object[] = [];
  const clock = { time: 1_000 };
  const served = new ServeLocks({
    lockService: {
      ask: async (ask: ServiceRequest) => {
        asks.push(ask);
        open.push(ask.path);
        most = Math.max(most, open.length);
        await new Promise((resolve) => setImmediate(resolve));
        open.splice(open.indexOf(ask.path), 1);
        return { path: ask.path, changed: true, ...(ask.kind === 'lock' ? answers[ask.path] : {}) };
      },
      askHolder: async (path: string, by: string, message: string) => ({
        path,
        changed: true,
        owner: 'cyd',
        by,
        message,
      }),
    } as never,
    lockState: {
      takeNotices: (owner: string) => (owner === 'ann' ? notices.splice(0) : []),
      takeAskings: (owner: string) => (owner === 'ann' ? askings.splice(0) : []),
      takeFreed: (owner: string) => (owner === 'ann' ? freed.splice(0) : []),
    } as never,
    pathOf: (target: Target): RelPath => {
      if ('path' in target) return p(target.path);
      if (target.index > 3) throw new SyncError('not-found', `No ${target.index}.`);
      return p(`file ${target.index}`);
    },
    now: () => clock.time,
  });
  const signal = new AbortController();
  const notify = async (_: string, params: object) => void told.push(params);
  const call = { signal: signal.signal, connection, notify } as never;
  return { served, asks, call, told, signal, clock, most: () => most };
}

const paths = (...names: string[]): Target[] => names.map((path) => ({ path }));
const interrupted = { changed: false, error: { code: 'interrupted', message: '', hint: '' } };

describe('locking', () => {
  test('requests all targets at once, and answers in their order', async () => {
    const { served, asks, call, most } = open({ y: { changed: false } });
    const { targets } = await served.lock({ targets: paths('z', 'x', 'y'), owner: 'bob' }, call);
    expect(targets).toEqual([
      { path: 'z', changed: true },
      { path: 'x', changed: true },
      { path: 'y', changed: false },
    ]);
    expect([asks.map(({ path }) => path), most()]).toEqual([['z', 'x', 'y'], 3]);
    // What the client has not said is not said here either.
    expect(asks[0]).toStrictEqual({ kind: 'lock', path: 'z', owner: 'bob', side: 'a', message: '' });
  });

  test('passes on its options', async () => {
    const { served, asks, call } = open();
    const how = { side: 'b', message: 'why', ttlMs: 5, steal: true, notify: true } as const;
    await served.lock({ targets: paths('x'), owner: 'bob', ...how }, call);
    expect(asks).toEqual([{ kind: 'lock', path: 'x', owner: 'bob', ...how }]);
  });

  test.each([
    [{}, {}, 'a'],
    [{ side: 'b' }, {}, 'b'],
    [{ side: 'b' }, { side: 'a' }, 'a'],
    [{}, { side: 'b' }, 'b'],
  ] as const)('through %j and with %j is of side %s', async (connection, how, side) => {
    const { served, asks, call } = open({}, connection);
    await served.lock({ targets: paths('x'), owner: 'bob', ...how }, call);
    expect(asks.map((ask) => ask.side)).toEqual([side]);
  });

  test('locks the others where one target does not exist', async () => {
    const { served, call } = open();
    const { targets } = await served.lock({ targets: [{ index: 9 }, { index: 2 }], owner: 'bob' }, call);
    expect(targets).toMatchObject([
      { path: '9', changed: false, error: { code: 'not-found' } },
      { path: 'file 2', changed: true },
    ]);
  });

  test('requests one target after the other, in byte order, where it waits', async () => {
    const { served, asks, call, most, told } = open();
    const { targets } = await served.lock({ targets: paths('z', 'B', 'a'), owner: 'bob', wait: true }, call);
    expect([asks.map(({ path }) => path), most(), targets.map(({ path }) => path)]).toEqual([
      ['B', 'a', 'z'],
      1,
      ['z', 'B', 'a'],
    ]);
    asks[0]!.wait!.onPosition(p('B'), 3);
    expect([asks[0]!.wait!.forMs, told]).toEqual([null, [{ path: 'B', owner: 'bob', position: 3 }]]);
  });

  test('with a limit waits that long for all targets together', async () => {
    const { served, asks, call, signal, clock } = open();
    await served.lock({ targets: paths('x'), owner: 'bob', waitMs: 60_000 }, call);
    const { wait } = asks[0]!;
    expect([wait!.forMs, wait!.signal]).toEqual([60_000, signal.signal]);
    clock.time += 20_000;
    expect(wait!.forMs).toBe(40_000);
    clock.time += 50_000;
    expect(wait!.forMs).toBe(0);
    const late = open();
    await late.served.lock({ targets: paths('x'), owner: 'bob', waitMs: 0 }, late.call);
    expect(late.asks[0]!.wait!.forMs).toBe(0);
  });

  test('that is cancelled gives back the locks that it was granted or renewed, and only those', async () => {
    const { served, asks, call } = open({
      w: { changed: false, error: { code: 'locked', message: '', hint: '' } },
      x: { token: 7 },
      y: { changed: false, owner: 'bob', token: 8 },
      z: interrupted as never,
    });
    await served.lock({ targets: paths('w', 'x', 'y', 'z'), owner: 'bob', wait: true }, call);
    const back = { kind: 'unlock', owner: 'bob', side: 'a', message: '' };
    expect(asks.filter(({ kind }) => kind === 'unlock')).toEqual([
      { ...back, path: 'x', givesBack: 7 },
      { ...back, path: 'y', givesBack: 8 },
    ]);
  });

  test('that names a target twice asks for it once', async () => {
    const { served, asks, call } = open({ x: { token: 7 }, z: interrupted as never });
    const { targets } = await served.lock({ targets: paths('x', 'z', 'x'), owner: 'bob', wait: true }, call);
    expect(asks.map(({ kind, path }) => `${kind} ${path}`)).toEqual(['lock x', 'lock z', 'unlock x']);
    expect(targets.map(({ path, changed }) => [path, changed])).toEqual([
      ['x', true],
      ['z', false],
      ['x', false],
    ]);
  });

  test('that is refused for another reason releases nothing', async () => {
    const { served, asks, call } = open({ y: { changed: false, error: { code: 'locked', message: '', hint: '' } } });
    await served.lock({ targets: paths('x', 'y'), owner: 'bob', wait: true }, call);
    expect(asks.map(({ kind }) => kind)).toEqual(['lock', 'lock']);
  });
});

describe('a renewal for another side', () => {
  const renewed = { changed: false, owner: 'bob', side: 'a' } as const;
  test.each<[it: string, answer: Partial<Acted & Refused>, side: 'a' | 'b' | undefined, note: string | undefined]>([
    ['notes that the lock stays', renewed, 'b', 'It stays a lock of side a: unlock it to take it for side b.'],
    [
      'is told so before what else there is',
      { ...renewed, note: 'Away.' },
      'b',
      'It stays a lock of side a: unlock it to take it for side b. Away.',
    ],
    ['has no note where it is that side', renewed, 'a', undefined],
    ['has no note where no side was named', renewed, undefined, undefined],
    ['has no note where the lock is new', { ...renewed, changed: true } as object, 'b', undefined],
    [
      'is told nothing where he is refused',
      { ...renewed, error: { code: 'locked', message: '', hint: '' } },
      'b',
      undefined,
    ],
  ])('%s', async (_, answer, side, note) => {
    const { served, call } = open({ x: answer });
    const params = { targets: paths('x'), owner: 'bob', ...(side === undefined ? {} : { side }) };
    const { targets } = await served.lock(params, call);
    expect((targets[0] as { note?: string }).note).toBe(note);
  });
});

describe('unlocking', () => {
  test('requests all targets at once, with its options', async () => {
    const { served, asks, most } = open();
    await served.unlock({ targets: paths('y', 'x'), owner: 'bob' });
    expect([asks, most()]).toStrictEqual([
      ['y', 'x'].map((path) => ({ kind: 'unlock', path, owner: 'bob', side: 'a', message: '' })),
      2,
    ]);
    await served.unlock({ targets: paths('x'), owner: 'bob', force: true, held: 'discard' });
    expect(asks[2]).toMatchObject({ force: true, held: 'discard' });
  });
});

describe('an owner who lost a lock', () => {
  test('gets a notice with the next answer, once', async () => {
    const { served, call } = open();
    expect(await served.lock({ targets: [], owner: 'bob' }, call)).toEqual({ targets: [] });
    const notices = [{ path: 'lost', reason: 'stolen', by: 'bob', time: '1970-01-01T00:00:05.000Z' }];
    expect(await served.lock({ targets: [], owner: 'ann' }, call)).toEqual({ targets: [], notices });
    expect(await served.unlock({ targets: [], owner: 'ann' })).toEqual({ targets: [] });
  });

  test('gets it with an unlock, too', async () => {
    const { served } = open();
    expect(await served.unlock({ targets: [], owner: 'ann' })).toMatchObject({ notices: [{ path: 'lost' }] });
  });
});

describe('asking a holder', () => {
  test('asks for each target, and answers in their order', async () => {
    const { served } = open();
    const results = await served.ask({ targets: [...paths('y'), { index: 9 }, ...paths('x')], owner: 'bob' });
    const facts = { changed: true, owner: 'cyd', by: 'bob', message: '' };
    expect(results).toEqual({
      targets: [
        { path: 'y', ...facts },
        expect.objectContaining({ path: '9', changed: false }),
        { path: 'x', ...facts },
      ],
    });
  });

  test('he is told in the order of time, once, and only where the caller has words for it', async () => {
    const { served, call } = open();
    await served.lock({ targets: [], owner: 'bob' }, call);
    expect(
      open()
        .served.notices('ann', false)
        .map(({ reason }) => reason),
    ).toEqual(['stolen']);
    expect(served.notices('ann', true)).toEqual([
      { path: 'x', reason: 'asked', by: 'bob', time: '1970-01-01T00:00:04.000Z' },
      { path: 'lost', reason: 'stolen', by: 'bob', time: '1970-01-01T00:00:05.000Z' },
      { path: 'x', reason: 'asked', by: 'cyd', time: '1970-01-01T00:00:06.000Z', message: 'at noon' },
      { path: 'y', reason: 'free', by: 'ann', time: '1970-01-01T00:00:07.000Z' },
      { path: 'z', reason: 'free', by: 'ann', time: '1970-01-01T00:00:08.000Z', holder: 'cyd' },
    ]);
    expect(served.notices('ann', true)).toEqual([]);
  });
});
