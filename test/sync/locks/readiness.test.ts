// When a path is ready for a lock, what a grant is told, and when a grant is taken back.

import { describe, expect, test } from 'vitest';
import { SyncError } from '../../../src/core/errors.js';
import type { Side } from '../../../src/core/path.js';
import { LockReadiness } from '../../../src/sync/locks/readiness.js';
import type { PendingRequest } from '../../../src/sync/locks/request.js';
import { type ClaimKind, Claims } from '../../../src/sync/pair/claims.js';
import type { Acted, Refused } from '../../../src/wire/client-api/methods.js';
import { hintText } from '../../../src/wire/frame/errors.js';
import { dir, file, link, p, turn } from '../../support/disk-site.js';
import { LockFixture } from '../../support/lock-fixture.js';
import { HandClock, marksOf } from '../../support/session-fixture.js';

function open() {
  const fixture = new LockFixture({ f: file('v0'), 'd/g': file('v0') });
  const clock = new HandClock();
  const claims = new Claims();
  const state = { moving: '', due: '', stale: '', wakes: 0, waits: true, away: false };
  const finished = { a: 0, b: 0 };
  const asked: string[] = [];
  const readiness = new LockReadiness(
    {
      ...{ pair: fixture.pair, lockState: fixture.lockState, claims, clock },
      mailbox: { wake: () => void state.wakes++ },
      sides: {
        scanPath: (side, path) => {
          if (state.away && side === 'b') return 0;
          return asked.push(`${side}:${path}`);
        },
        isScanned: (side, number) => finished[side] >= number,
      },
      heldUpdates: { isMoving: (path) => path === state.moving, isDue: (path) => path === state.due },
      retries: { isMovingAt: (path) => path === state.stale },
    },
    () => state.waits,
  );
  const hold = (n: number) =>
    fixture.lockState.dispatch({
      kind: 'hold',
      path: p('f'),
      base: file(`${n}`),
      after: file(`${n + 1}`),
      file: null,
      now: 1,
    });
  const lock = (owner = 'ann', side: Side = 'a', now = clock.now()) =>
    fixture.lockState.dispatch({ kind: 'lock', path: p('f'), owner, side, message: '', now });
  fixture.pair.clearMarks();
  return { fixture, clock, claims, state, finished, asked, readiness, hold, lock };
}

describe('a path is settled', () => {
  test('once both scans that were asked for it have been folded in', () => {
    const { readiness, asked, finished, clock } = open();
    const pending = readiness.scanPath(p('f'));
    expect([asked, pending]).toEqual([['a:f', 'b:f'], { since: clock.monotonic(), scans: { a: 1, b: 2 } }]);
    const seen: boolean[] = [];
    for (const [a, b] of [
      [0, 0],
      [1, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      Object.assign(finished, { a, b });
      seen.push(readiness.isSettled(pending, p('f')));
    }
    expect(seen).toEqual([false, false, false, true]);
  });

  test.each<[string, (scene: ReturnType<typeof open>) => void, boolean]>([
    ['nothing is under way', () => {}, true],
    ['side a has it unsettled', ({ fixture }) => fixture.foundMoving('a', 'f'), false],
    ['side b has it unsettled', ({ fixture }) => fixture.foundMoving('b', 'f'), false],
    ['another path is unsettled', ({ fixture }) => fixture.foundMoving('b', 'g'), true],
    ['an update of it is being fetched', ({ state }) => Object.assign(state, { moving: 'f' }), false],
    ['an update of it has arrived', ({ state }) => Object.assign(state, { due: 'f' }), false],
    ['a scan has to confirm it', ({ claims }) => claims.claim(p('f'), 'unconfirmed'), false],
    ['a scan has to confirm another path', ({ claims }) => claims.claim(p('g'), 'unconfirmed'), true],
    ['it is claimed by a transfer', ({ claims }) => claims.claim(p('f'), 'transfer'), true],
  ])('where %s', (_, make, isSettled) => {
    const scene = open();
    const pending = scene.readiness.scanPath(p('f'));
    Object.assign(scene.finished, { a: 9, b: 9 });
    make(scene);
    expect(scene.readiness.isSettled(pending, p('f'))).toBe(isSettled);
  });

  test('after a reconnection only with a scan of that connection', () => {
    const { readiness, asked, finished } = open();
    const pending = readiness.scanPath(p('f'));
    Object.assign(finished, { a: 1, b: 2 });
    readiness.scanAgain(pending, p('f'));
    expect([asked.at(-1), pending.scans]).toEqual(['b:f', { a: 1, b: 3 }]);
    expect(readiness.isSettled(pending, p('f'))).toBe(false);
    finished.b = 3;
    expect(readiness.isSettled(pending, p('f'))).toBe(true);
  });
});

test.each<[number, boolean]>([
  [0, false],
  [20_000, false],
  [20_001, true],
])('a request is late after %d ms: %s', (ms, isLate) => {
  const { readiness, clock } = open();
  const pending = readiness.scanPath(p('f'));
  clock.elapsed += ms;
  expect(readiness.isLate(pending)).toBe(isLate);
});

test('a request is late in time although the clock is set back meanwhile', () => {
  const { readiness, clock } = open();
  const pending = readiness.scanPath(p('f'));
  clock.now = () => 0;
  clock.pass(20_001);
  expect(readiness.isLate(pending)).toBe(true);
});

describe('a change is on its way', () => {
  test.each<[ClaimKind | 'retry' | 'none', boolean]>([
    ['none', false],
    ['transfer', true],
    ['client-write', true],
    ['disconnected-peer', true],
    ['unconfirmed', true],
    ['held-update', false],
    ['retry', true],
  ])('by %s: %s', (by, isInFlight) => {
    const { readiness, claims, state } = open();
    if (by === 'retry') state.stale = 'f';
    else if (by !== 'none') claims.claim(p('f'), by);
    expect(readiness.isInFlight(p('f'))).toBe(isInFlight);
    expect(readiness.isInFlight(p('d/g'))).toBe(false);
  });
});

describe('an unlock of what never holds still', () => {
  test('is decided after the third update that was held since its scans', () => {
    const { readiness, finished, hold, lock } = open();
    lock();
    hold(0);
    const pending = readiness.scanPath(p('f'));
    const seen = [1, 2, 3, 4].map((n) => {
      hold(n);
      return readiness.isOvertaken(pending, p('f'));
    });
    expect(seen).toEqual([false, false, false, false]);
    Object.assign(finished, { a: 9, b: 9 });
    const then = [5, 6, 7, 8].map((n) => {
      const isOvertaken = readiness.isOvertaken(pending, p('f'));
      hold(n);
      return isOvertaken;
    });
    expect([then, readiness.isOvertaken(pending, p('f'))]).toEqual([[false, false, false, true], true]);
  });

  test('counts anew after a reconnection', () => {
    const { readiness, finished, hold, lock } = open();
    lock();
    const pending = readiness.scanPath(p('f'));
    Object.assign(finished, { a: 9, b: 9 });
    expect(readiness.isOvertaken(pending, p('f'))).toBe(false);
    for (const n of [0, 1, 2]) hold(n);
    readiness.scanAgain(pending, p('f'));
    expect(readiness.isOvertaken(pending, p('f'))).toBe(false);
    for (const n of [3, 4, 5]) hold(n);
    expect(readiness.isOvertaken(pending, p('f'))).toBe(true);
  });
});

test('the alarm rings once the time of a request is over, as long as one waits', () => {
  const { readiness, clock, state } = open();
  readiness.setAlarm();
  readiness.setAlarm();
  clock.pass(20_000);
  expect(state.wakes).toBe(0);
  clock.pass(1);
  expect(state.wakes).toBe(1);
  state.waits = false;
  clock.pass(20_001);
  expect(state.wakes).toBe(2);
  clock.pass(60_000);
  expect(state.wakes).toBe(2);
  readiness.setAlarm();
  clock.pass(20_001);
  expect(state.wakes).toBe(3);
});

describe('a grant is told', () => {
  test.each<[string, (scene: ReturnType<typeof open>) => void, RegExp]>([
    ['nothing more', () => {}, /^$/],
    ['that side b is away', ({ state }) => Object.assign(state, { away: true }), /^Side b is away/],
    ['that side b does not answer', ({ finished }) => Object.assign(finished, { b: 1 }), /^Side b does not answer/],
    ['that it is being written', ({ fixture }) => fixture.foundMoving('a', 'f'), /^It is being written to/],
  ])('%s', (_, make, note) => {
    const scene = open();
    Object.assign(scene.finished, { a: 9, b: 9 });
    make(scene);
    expect(scene.readiness.noteOn(scene.readiness.scanPath(p('f')), p('f'))).toMatch(note);
  });
});

describe('there is nothing to lock', () => {
  test.each<[string, string | null, RegExp | null]>([
    ['f', null, null],
    ['only a', null, null],
    ['only b', null, null],
    ['link', null, null],
    ['gone', 'not-found', /client list/],
    ['d', 'usage', /client lock 'd\/\*\*'/],
    ['half', 'usage', /client lock/],
  ])('at %s: %s', (path, code, hint) => {
    const { readiness, fixture } = open();
    fixture.found('a', 'only a', file('x'));
    fixture.found('b', 'only b', file('x'));
    fixture.found('a', 'link', link('f'));
    fixture.found('b', 'half', dir());
    const error = readiness.nothingToLock(p(path));
    expect(error?.code ?? null).toBe(code);
    if (hint !== null) expect(hintText(error!)).toMatch(hint);
  });

  test('but what is locked stays locked when it is gone', () => {
    const { readiness, fixture, lock } = open();
    lock();
    for (const side of ['a', 'b'] as const) fixture.found(side, 'f', null);
    expect(readiness.nothingToLock(p('f'))).toBe(null);
  });
});

test('a lock that changes has its path compared with all below, and the listing shown anew', () => {
  const { readiness, fixture, state } = open();
  const before = fixture.pair.generation;
  readiness.touched(p('f'));
  expect([marksOf(fixture.pair), fixture.pair.generation > before, state.wakes]).toEqual(['f*', true, 1]);
});

describe('a grant', () => {
  const asking = (owner: string, signal?: AbortSignal) => {
    const answers: (Acted | Refused)[] = [];
    const wait = signal === undefined ? {} : { wait: { forMs: null, signal, onPosition: () => {} } };
    const request: PendingRequest = {
      ask: { kind: 'lock', path: p('f'), owner, side: 'a', message: '', ...wait },
      line: 1,
      since: 1,
      resolve: (answer) => void answers.push(answer),
    };
    return { request, answers };
  };
  const cancelled = () => AbortSignal.abort(new SyncError('interrupted', 'Ctrl-C.'));
  const hungUp = () => AbortSignal.abort(new SyncError('closed', 'Gone.'));
  const here = () => new AbortController().signal;
  const FULL = new SyncError('failed', 'The disk is full.');

  test.each<[it: string, requester: AbortSignal | 'none' | undefined, waiters: AbortSignal[], isKept: boolean]>([
    ['of a request that does not wait', undefined, [], true],
    ['of a request that still waits', here(), [], true],
    ['of a request that was cancelled', cancelled(), [], false],
    ['of a request whose client has closed its sending direction', hungUp(), [], true],
    ['of a cancelled request and a waiter that is there', cancelled(), [here()], true],
    ['of a cancelled request and a waiter that is gone', cancelled(), [hungUp()], false],
    ['to waiters, one of which is there', 'none', [hungUp(), here()], true],
    ['to waiters that are all gone', 'none', [hungUp(), cancelled()], false],
  ])('%s', async (_, requester, waiters, isKept) => {
    const { readiness, fixture, lock, state } = open();
    const granted = lock();
    if (granted.kind !== 'granted') throw new Error(granted.kind);
    const first = requester === 'none' ? null : asking('ann', requester);
    const others = waiters.map((signal) => asking('ann', signal));
    const requests = others.map(({ request }) => request);
    readiness.settle(granted, null, {
      ...(first === null ? {} : { requester: first.request }),
      waiters: requests,
      note: 'Note.',
    });
    expect([fixture.lockState.table.locks.size, state.wakes]).toEqual(isKept ? [1, 0] : [0, 1]);
    for (const { answers } of first === null ? others : [first, ...others])
      expect(answers).toMatchObject([{ path: 'f', changed: true, owner: 'ann', note: 'Note.' }]);
    await turn();
  });

  test('that cannot be stored is taken back, and who asked is told why; a renewal stays', async () => {
    for (const isNew of [true, false]) {
      const { readiness, fixture, lock } = open();
      if (!isNew) lock();
      const granted = lock();
      if (granted.kind !== 'granted') throw new Error(granted.kind);
      const { request, answers } = asking('ann');
      readiness.settle(granted, FULL, { requester: request, waiters: [], note: '' });
      expect([fixture.lockState.table.locks.size, answers]).toMatchObject([
        isNew ? 0 : 1,
        [{ path: 'f', changed: false, error: { code: 'failed', message: 'The disk is full.' } }],
      ]);
      await turn();
    }
  });

  test('that nobody hears of is not taken back from who has renewed the lock since', async () => {
    const { readiness, fixture, lock } = open();
    const granted = lock();
    if (granted.kind !== 'granted') throw new Error(granted.kind);
    fixture.lockState.dispatch({ kind: 'lock', path: p('f'), owner: 'ann', side: 'a', message: 'again', now: 5 });
    readiness.settle(granted, FULL, { waiters: [], note: '' });
    expect(fixture.lockState.table.locks.get(p('f'))?.message).toBe('again');
    await turn();
  });

  test.each<[Side, string, string]>([
    ['a', 'v0', 'apply'],
    ['a', 'mine', 'keep'],
    ['b', 'mine', 'apply'],
  ])(
    'that is taken back lets updates take effect as any unlock does: side %s, side a has %s',
    async (side, has, mode) => {
      const { readiness, fixture, lock, clock } = open();
      const granted = lock('ann', side);
      if (granted.kind !== 'granted') throw new Error(granted.kind);
      fixture.lockState.dispatch({
        kind: 'hold',
        path: p('f'),
        base: file('v0'),
        after: file('v1'),
        file: 'x',
        now: 1,
      });
      fixture.found('a', 'f', file(has));
      clock.elapsed += 5;
      readiness.settle(granted, FULL, { waiters: [], note: '' });
      expect(fixture.lockState.table.drains.get(p('f'))).toMatchObject({ side, mode });
      expect(marksOf(fixture.pair)).toContain('f*');
      await turn();
    },
  );
});
