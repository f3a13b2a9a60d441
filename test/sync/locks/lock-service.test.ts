import { describe, expect, test } from 'vitest';
import type { Entry } from '../../../src/core/entry.js';
import { SyncError } from '../../../src/core/errors.js';
import type { Side } from '../../../src/core/path.js';
import { silent } from '../../../src/log.js';
import { LockExpiry } from '../../../src/sync/locks/expiry.js';
import { LockService, type ServiceRequest } from '../../../src/sync/locks/lock-service.js';
import type { Wait } from '../../../src/sync/locks/request.js';
import { Claims } from '../../../src/sync/pair/claims.js';
import type { Acted, Refused } from '../../../src/wire/client-api/methods.js';
import { dir, file, p, turn } from '../../support/disk-site.js';
import { LockFixture } from '../../support/lock-fixture.js';

const SINCE = '2026-11-21T10:00:00.000Z';

/** A lock service whose scans are answered at once, unless a test says otherwise. */
function open(shared: Record<string, Entry> = { f: file('v0') }) {
  const fixture = new LockFixture(shared);
  const state = { now: Date.parse(SINCE), scanned: { a: 999, b: 999 }, inFlight: false, moving: false, wakes: 0 };
  const asked: string[] = [];
  let scans = 0;
  let elapsed = 0;
  const timers = new Set<{ readonly at: number; readonly act: () => void }>();
  const clock = {
    now: () => state.now,
    monotonic: () => state.now,
    after: (ms: number, act: () => void) => {
      const timer = { at: elapsed + ms, act };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
  };
  const lockService = new LockService({
    ...{ pair: fixture.pair, lockState: fixture.lockState, claims: new Claims(), clock },
    log: silent,
    mailbox: { wake: () => void state.wakes++ },
    sides: {
      scanPath: (side, path) => {
        asked.push(`${side}:${path}`);
        return ++scans;
      },
      isScanned: (side, number) => state.scanned[side] >= number,
    },
    heldUpdates: { isMoving: () => state.moving, isDue: () => false },
    retries: { isMovingAt: () => state.inFlight },
  });
  const ask = (
    kind: ServiceRequest['kind'],
    owner: string,
    more: Partial<ServiceRequest> = {},
  ): Promise<Acted | Refused> => lockService.ask({ kind, path: p('f'), owner, side: 'a', message: '', ...more });
  /** Real time passes while the clock stands still. */
  const elapse = (ms: number) => {
    elapsed += ms;
    for (const timer of [...timers]) {
      if (timer.at > elapsed) continue;
      timers.delete(timer);
      timer.act();
    }
  };
  const pass = (ms: number) => {
    state.now += ms;
    elapse(ms);
  };
  const lock = (owner: string, more: Partial<ServiceRequest> = {}) => ask('lock', owner, more);
  const unlock = (owner: string, more: Partial<ServiceRequest> = {}) => ask('unlock', owner, more);
  const answer = async (asking: Promise<Acted | Refused>) => {
    lockService.serve();
    return asking;
  };
  return { fixture, lockService, state, asked, ask, lock, unlock, answer, elapse, pass };
}

/** Whether a request has been answered by now. */
async function isAnswered(asking: Promise<unknown>): Promise<boolean> {
  let answered = false;
  void asking.then(() => {
    answered = true;
  });
  await turn();
  return answered;
}

const codeOf = (answer: Acted | Refused): unknown => (answer as Partial<Refused>).error?.code ?? null;

describe('the lock service', () => {
  test('grants with all fields', async () => {
    const { lock, answer, fixture } = open();
    expect(await answer(lock('ann', { side: 'b' }))).toMatchObject({
      path: 'f',
      changed: true,
      owner: 'ann',
      side: 'b',
      token: 1,
      since: SINCE,
    });
    expect(fixture.said).toEqual(['locked f ann b']);
  });

  test('refuses what another holds at once, though a change of it is on its way or it is gone', async () => {
    for (const make of [
      ({ state }: ReturnType<typeof open>) => Object.assign(state, { inFlight: true }),
      ({ fixture }: ReturnType<typeof open>) => {
        for (const side of ['a', 'b'] as const) fixture.found(side, 'f', null);
      },
    ]) {
      const scene = open();
      await scene.answer(scene.lock('ann'));
      make(scene);
      expect(codeOf(await scene.answer(scene.lock('bob')))).toBe('locked');
    }
  });

  test('renews', async () => {
    const { lock, answer } = open();
    await answer(lock('ann'));
    expect(await answer(lock('ann'))).toMatchObject({ changed: false, token: 1 });
  });

  test.each<[it: string, meanwhile: (scene: ReturnType<typeof open>) => Promise<unknown>, isHeld: boolean]>([
    ['is given back', async () => {}, false],
    ['that its owner was granted once more stays', ({ lock, answer }) => answer(lock('ann')), true],
    [
      'that its owner released and took again stays',
      async ({ lock, unlock, answer }) => {
        await answer(unlock('ann'));
        await answer(lock('ann'));
      },
      true,
    ],
    ['that another has asked for in vain is given back', ({ lock, answer }) => answer(lock('bob')), false],
  ])('a lock of a request that was cancelled %s', async (_, meanwhile, isHeld) => {
    const scene = open();
    const { token } = (await scene.answer(scene.lock('ann'))) as Acted;
    await meanwhile(scene);
    const back = await scene.answer(scene.unlock('ann', { givesBack: token as number }));
    expect([back.changed, scene.fixture.lockState.table.locks.has(p('f'))]).toEqual([!isHeld, isHeld]);
  });

  test.each<[it: string, by: 'renewal' | 'waiting']>([
    ['renewed by a second request', 'renewal'],
    ['granted to two that waited', 'waiting'],
  ])('a lock %s ends when both have given it back', async (_, by) => {
    const scene = open();
    const waits = () => {
      const wait = { forMs: null, signal: new AbortController().signal, onPosition: () => {} };
      return scene.lock('ann', by === 'waiting' ? { wait } : {});
    };
    if (by === 'waiting') await scene.answer(scene.lock('bob'));
    const [first, second] = [waits(), waits()];
    if (by === 'waiting') await scene.answer(scene.unlock('bob'));
    const { token } = (await scene.answer(first)) as Acted;
    expect(await scene.answer(second)).toMatchObject({ token });
    const after: boolean[] = [];
    for (let n = 0; n < 2; n++) {
      await scene.answer(scene.unlock('ann', { givesBack: token as number }));
      after.push(scene.fixture.lockState.table.locks.has(p('f')));
    }
    expect(after).toEqual([true, false]);
  });

  test('refuses with the holder, the time, the reason and the held updates', async () => {
    const { lock, answer, fixture } = open();
    await answer(lock('ann', { message: 'drawing' }));
    fixture.lockState.dispatch({ kind: 'hold', path: p('f'), base: file('v0'), after: file('v1'), file: 'x', now: 1 });
    const refused = await answer(lock('bob'));
    expect(refused).toMatchObject({ path: 'f', changed: false, error: { code: 'locked' } });
    expect((refused as Refused).error.message).toBe(
      `"f" is locked by ann since ${SINCE} ("drawing"); 1 update is held.`,
    );
  });

  test.each([
    ['not-found', 'gone'],
    ['usage', 'd'],
  ])('refuses with %s what is no file', async (code, name) => {
    const { lock, answer, fixture } = open({ f: file('v0'), d: dir() });
    expect(codeOf(await answer(lock('ann', { path: p(name) })))).toBe(code);
    expect(fixture.lockState.table.locks.size).toBe(0);
  });

  test('locks what is only on one side', async () => {
    const { lock, answer, fixture } = open();
    fixture.found('b', 'new', file('x'));
    expect(await answer(lock('ann', { path: p('new') }))).toMatchObject({ changed: true });
  });

  test('a lock outlives its file', async () => {
    const { lock, unlock, answer, fixture } = open();
    await answer(lock('ann'));
    for (const side of ['a', 'b'] as const) fixture.found(side, 'f', null);
    expect(codeOf(await answer(lock('bob')))).toBe('locked');
    expect(await answer(lock('ann'))).toMatchObject({ changed: false });
    expect(await answer(unlock('ann'))).toMatchObject({ changed: true });
  });

  test('unlocks for the owner, not for another, and reports where nobody holds it', async () => {
    const { lock, unlock, answer } = open();
    await answer(lock('ann'));
    expect(codeOf(await answer(unlock('bob')))).toBe('locked');
    expect(await answer(unlock('ann'))).toMatchObject({ path: 'f', changed: true, held: 0 });
    expect(await answer(unlock('ann'))).toMatchObject({ path: 'f', changed: false });
    expect(await answer(unlock('ann', { path: p('never there') }))).toMatchObject({ changed: false });
  });

  test("compares at the unlock with the present entry of the holder's side", async () => {
    const { lock, unlock, answer, fixture } = open();
    await answer(lock('ann', { side: 'b' }));
    fixture.lockState.dispatch({ kind: 'hold', path: p('f'), base: file('v0'), after: file('v1'), file: 'x', now: 1 });
    fixture.found('b', 'f', file('mine'));
    await answer(unlock('ann'));
    expect(fixture.lockState.table.drains.get(p('f'))).toMatchObject({ side: 'b', mode: 'keep' });
  });

  test('exactly one of many requests at once gets it', async () => {
    const { lock, answer } = open();
    const owners = Array.from({ length: 50 }, (_, n) => `o${n}`);
    const answers = owners.map((owner) => lock(owner));
    await answer(answers[0]!);
    const all = await Promise.all(answers);
    expect(all.filter((one) => one.changed)).toHaveLength(1);
    expect(all[0]).toMatchObject({ changed: true, owner: 'o0' });
    expect(new Set(all.slice(1).map(codeOf))).toEqual(new Set(['locked']));
  });
});

describe('a request waits', () => {
  test.each<[string, ServiceRequest['kind'], (state: ReturnType<typeof open>['state'], on: boolean) => void, boolean]>([
    ['for a scan of side a', 'lock', (state, on) => (state.scanned.a = on ? 0 : 999), true],
    ['for a scan of side b', 'unlock', (state, on) => (state.scanned.b = on ? 0 : 999), true],
    ['for changes in flight', 'lock', (state, on) => (state.inFlight = on), true],
    ['for changes in flight at an unlock', 'unlock', (state, on) => (state.inFlight = on), true],
    ['for updates that take effect', 'lock', (state, on) => (state.moving = on), true],
    ['for updates that arrive', 'unlock', (state, on) => (state.moving = on), true],
  ])('%s', async (_, kind, hold, waits) => {
    const { lockService, state, asked, lock, unlock } = open();
    const asking = kind === 'lock' ? lock('ann') : unlock('ann');
    expect([asked, state.wakes > 0]).toEqual([['a:f', 'b:f'], true]);
    hold(state, true);
    lockService.serve();
    expect([await isAnswered(asking), lockService.isIdle]).toEqual([!waits, !waits]);
    hold(state, false);
    lockService.serve();
    await asking;
    expect(lockService.isIdle).toBe(true);
  });

  test.each<[ServiceRequest['kind'], Side, string]>([
    ['lock', 'a', 'd/f'],
    ['lock', 'b', 'd/f'],
    ['unlock', 'b', 'd/f'],
    ['unlock', 'b', 'd'],
    ['unlock', 'b', 'd/f/below'],
    ['expire', 'b', 'd/f'],
  ])('with %s where the scan found side %s in motion at %s, until one finds it still', async (kind, side, moving) => {
    const { lockService, fixture, ask } = open({ d: dir(), 'd/f': file('v0') });
    fixture.foundMoving(side, 'd/other', moving);
    const asking = ask(kind, 'ann', { path: p('d/f') });
    lockService.serve();
    expect(await isAnswered(asking)).toBe(false);
    fixture.foundMoving(side, 'd/other');
    lockService.serve();
    expect(await isAnswered(asking)).toBe(true);
  });

  test('so does a steal; after the time limit a lock is granted with a note that the file is changing', async () => {
    const { lockService, fixture, state, lock, answer } = open();
    await answer(lock('ann'));
    fixture.foundMoving('b', 'f');
    const asking = lock('bob', { steal: true });
    lockService.serve();
    expect(await isAnswered(asking)).toBe(false);
    state.now += 20_001;
    expect(await answer(asking)).toMatchObject({
      changed: true,
      owner: 'bob',
      note: expect.stringContaining('written'),
    });
  });

  test('and an unlock only until a newer update is held, where the other side writes without a pause', async () => {
    const { lockService, fixture, state, lock, unlock, answer } = open();
    const hold = (n: number) =>
      fixture.lockState.dispatch({
        kind: 'hold',
        path: p('f'),
        base: file(`v${n}`),
        after: file(`v${n + 1}`),
        file: `${n}`,
        now: 1,
      });
    await answer(lock('ann'));
    hold(0);
    state.moving = true;
    state.scanned = { a: 0, b: 0 };
    const asking = unlock('ann');
    for (const n of [1, 2, 3, 4]) hold(n);
    lockService.serve();
    expect(await isAnswered(asking)).toBe(false);
    state.scanned = { a: 999, b: 999 };
    for (const n of [5, 6]) {
      lockService.serve();
      hold(n);
    }
    lockService.serve();
    expect(await isAnswered(asking)).toBe(false);
    hold(7);
    lockService.serve();
    expect(await asking).toMatchObject({ changed: true, held: 8 });
  });

  test('no longer than the time limit', async () => {
    const { lockService, state, lock } = open();
    state.inFlight = true;
    const asking = lock('ann');
    lockService.serve();
    state.now += 20_001;
    lockService.serve();
    // A change that is still on its way would arrive under the new lock.
    expect(await asking).toMatchObject({ changed: false, error: { code: 'busy' } });
  });

  test('and is answered when that is over, though nothing else happens; a request that left wakes nobody', async () => {
    const { lockService, state, lock, elapse } = open();
    state.inFlight = true;
    const asking = lock('ann');
    lockService.serve();
    const before = state.wakes;
    elapse(20_000);
    expect(state.wakes).toBe(before);
    elapse(1);
    expect(state.wakes).toBe(before + 1);
    elapse(20_001);
    expect(state.wakes).toBe(before + 2);
    state.inFlight = false;
    lockService.serve();
    await asking;
    elapse(20_001);
    elapse(20_001);
    expect(state.wakes - before).toBeLessThanOrEqual(4);
    const after = state.wakes;
    elapse(60_000);
    expect(state.wakes).toBe(after);
    const again = lock('ann');
    state.inFlight = true;
    elapse(20_001);
    expect(state.wakes).toBeGreaterThan(after + 1);
    state.inFlight = false;
    lockService.serve();
    await again;
  });

  test('and two who ask are served at one time, not each by an alarm of his own', () => {
    const { lockService, state, lock, elapse } = open();
    state.inFlight = true;
    void lock('ann');
    void lock('bob');
    lockService.serve();
    const before = state.wakes;
    elapse(20_001);
    expect(state.wakes).toBe(before + 1);
  });

  test('and is told to try again where the drain outlasts it', async () => {
    const { lock, unlock, answer, fixture, state } = open();
    await answer(lock('ann'));
    fixture.lockState.dispatch({ kind: 'hold', path: p('f'), base: file('v0'), after: file('v1'), file: 'x', now: 1 });
    await answer(unlock('ann'));
    state.moving = true;
    const asking = lock('bob');
    state.now += 20_001;
    expect(codeOf(await answer(asking))).toBe('busy');
  });

  test('for a new scan of side b after it connected again', async () => {
    const { lockService, state, asked, lock } = open();
    state.scanned.b = 0;
    const asking = lock('ann');
    lockService.restart();
    expect(asked).toEqual(['a:f', 'b:f', 'b:f']);
    state.scanned.b = 2;
    lockService.serve();
    expect(await isAnswered(asking)).toBe(false);
    state.scanned.b = 3;
    lockService.serve();
    expect(await asking).toMatchObject({ changed: true });
  });

  test('without delaying requests for other paths', async () => {
    const { lockService, state, lock } = open({ f: file('v0'), g: file('v0') });
    const first = lock('ann');
    state.scanned.a = 0;
    state.scanned.b = 0;
    lockService.serve();
    expect(await isAnswered(first)).toBe(false);
    state.scanned.a = 999;
    state.scanned.b = 2;
    const second = lock('bob', { path: p('g') });
    lockService.serve();
    expect([await isAnswered(first), await isAnswered(second)]).toEqual([true, false]);
  });
});

/** A waiter: the positions sent so far, and the way to leave. */
function standing(forMs: number | null = null) {
  const places: number[] = [];
  const gone = new AbortController();
  const wait: Wait = { forMs, signal: gone.signal, onPosition: (_, position) => void places.push(position) };
  return { wait, places, go: (error = new SyncError('closed', 'gone')) => gone.abort(error) };
}

describe('in the queue', () => {
  test('positions are sent at first and after each change, in the order of the requests', async () => {
    const { lock, unlock, answer, fixture, lockService, pass } = open();
    await answer(lock('ann'));
    const people = [standing(), standing(), standing()];
    const waiting = people.map(({ wait }, n) => lock(`o${n}`, { wait }));
    lockService.serve();
    expect(people.map(({ places }) => places)).toEqual([[1], [2], [3]]);
    for (const [n, owner] of ['ann', 'o0', 'o1'].entries()) {
      await answer(unlock(owner));
      lockService.serve();
      expect(await waiting[n]).toMatchObject({ changed: true, owner: `o${n}` });
      pass(100);
    }
    expect(people.map(({ places }) => places)).toEqual([[1], [2, 1], [3, 2, 1]]);
    expect(fixture.said.filter((line) => /^(locked|waiting)/.test(line))).toEqual([
      'locked f ann a',
      ...[0, 1, 2].map((n) => `waiting f o${n} ${n + 1}`),
      ...[0, 1, 2].map((n) => `locked f o${n} a`),
    ]);
  });

  test('a waiter that leaves makes room, and is told why it has no lock', async () => {
    const { lock, unlock, answer, lockService, pass } = open();
    await answer(lock('ann', { message: 'mine' }));
    const [first, second] = [standing(), standing()];
    const asking = [lock('bob', { wait: first.wait }), lock('cyd', { wait: second.wait })];
    lockService.serve();
    first.go();
    expect(codeOf(await answer(asking[0]!))).toBe('interrupted');
    pass(100);
    expect(second.places).toEqual([2, 1]);
    await answer(unlock('ann'));
    lockService.serve();
    expect(await asking[1]).toMatchObject({ owner: 'cyd' });
  });

  test('a waiter whose time is over gets a normal refusal', async () => {
    const { lock, answer, lockService, pass, fixture } = open();
    await answer(lock('ann'));
    const asking = lock('bob', { wait: standing(500).wait });
    lockService.serve();
    pass(499);
    lockService.serve();
    expect(await isAnswered(asking)).toBe(false);
    pass(1);
    expect(await answer(asking)).toMatchObject({ error: { code: 'locked' }, lock: { owner: 'ann', waiting: 0 } });
    expect(fixture.lockState.table.waiters.size).toBe(0);
  });

  test('a closed request is refused at once instead of waiting; a free lock it gets', async () => {
    const { lock, answer, lockService } = open({ f: file('v0'), g: file('v0') });
    await answer(lock('ann'));
    const { wait, go } = standing();
    go();
    expect(await answer(lock('bob', { wait, path: p('g') }))).toMatchObject({ changed: true });
    const asking = lock('bob', { wait });
    lockService.serve();
    expect(codeOf(await answer(asking))).toBe('interrupted');
  });

  test('a grant that nobody can be told of goes to the next waiter', async () => {
    const { lock, unlock, answer, lockService, fixture } = open();
    await answer(lock('ann'));
    const [first, second] = [standing(), standing()];
    const asking = [lock('bob', { wait: first.wait }), lock('cyd', { wait: second.wait })];
    lockService.serve();
    const unlocking = unlock('ann');
    lockService.serve();
    first.go();
    await unlocking;
    await asking[0];
    lockService.serve();
    expect(await asking[1]).toMatchObject({ changed: true, owner: 'cyd' });
    expect(fixture.said).toContain('unlocked f bob bob released');
  });

  test('nothing is granted before the path has been scanned and changes in flight have arrived', async () => {
    const { lock, unlock, answer, lockService, state, fixture } = open();
    await answer(lock('ann'));
    const asking = lock('bob', { wait: standing().wait });
    lockService.serve();
    // A change starts as soon as nobody holds the lock.
    Object.defineProperty(state, 'inFlight', {
      get: () => !fixture.lockState.table.locks.has(p('f')),
      configurable: true,
    });
    await answer(unlock('ann'));
    lockService.serve();
    expect(await isAnswered(asking)).toBe(false);
    Object.defineProperty(state, 'inFlight', { value: false, writable: true });
    state.scanned.b = 0;
    lockService.serve();
    expect(await isAnswered(asking)).toBe(false);
    state.scanned.b = 999;
    lockService.serve();
    expect(await asking).toMatchObject({ changed: true });
  });

  test('a later request does not get a path that is free for a waiter', async () => {
    const { lock, unlock, answer, lockService, state } = open();
    await answer(lock('ann'));
    const asking = lock('bob', { wait: standing().wait });
    lockService.serve();
    await answer(unlock('ann'));
    state.scanned.a = 0;
    const later = lock('cyd');
    lockService.serve();
    state.scanned.a = 999;
    lockService.serve();
    lockService.serve();
    expect(await asking).toMatchObject({ owner: 'bob' });
    expect(codeOf(await answer(later))).not.toBeNull();
  });

  test('a file that vanishes meanwhile cannot be locked', async () => {
    const { lock, unlock, answer, lockService, fixture } = open();
    await answer(lock('ann'));
    const asking = [lock('bob', { wait: standing().wait }), lock('cyd', { wait: standing().wait })];
    lockService.serve();
    for (const side of ['a', 'b'] as const) fixture.found(side, 'f', null);
    await answer(unlock('ann'));
    for (const one of asking) expect(codeOf(await answer(one))).toBe('not-found');
  });

  test('a steal waits for the held updates before all other waiters', async () => {
    const { lock, answer, lockService, fixture } = open();
    await answer(lock('ann'));
    fixture.lockState.dispatch({ kind: 'hold', path: p('f'), base: file('v0'), after: file('v1'), file: 'x', now: 1 });
    const waiting = lock('bob', { wait: standing().wait });
    lockService.serve();
    const stealing = lock('cyd', { steal: true });
    lockService.serve();
    expect(await isAnswered(stealing)).toBe(false);
    fixture.lockState.dispatch({ kind: 'drained', path: p('f'), applied: true });
    lockService.serve();
    expect(await stealing).toMatchObject({ changed: true, owner: 'cyd' });
    expect(await isAnswered(waiting)).toBe(false);
    expect(fixture.lockState.takeNotices('ann')).toMatchObject([{ path: 'f', reason: 'stolen', by: 'cyd' }]);
    expect(fixture.lockState.takeNotices('ann')).toEqual([]);
  });

  test('a notice is not delivered before the loss is on disk: after a crash the lock would still be there', async () => {
    const { lock, answer, fixture } = open();
    await answer(lock('ann'));
    fixture.lockState.dispatch({
      kind: 'lock',
      path: p('f'),
      owner: 'bob',
      side: 'a',
      message: '',
      steal: true,
      now: 2,
    });
    expect(fixture.lockState.takeNotices('ann')).toEqual([]);
    await new Promise<void>((resolve) => {
      fixture.lockState.mailbox = { wake: resolve };
    });
    await turn();
    expect(fixture.lockState.takeNotices('ann')).toMatchObject([{ path: 'f', reason: 'stolen', by: 'bob' }]);
  });
});

describe('asking a holder', () => {
  test('is answered and said once it is on disk', async () => {
    const { lock, answer, lockService, fixture, pass } = open();
    await answer(lock('ann'));
    expect(await lockService.askHolder(p('f'), 'bob', 'at noon')).toEqual({ path: 'f', changed: true, owner: 'ann' });
    expect(fixture.said.at(-1)).toBe('asked f ann bob at noon');
    pass(20_000);
    const early = { path: 'f', changed: false, owner: 'ann', agoMs: 20_000 };
    expect(await lockService.askHolder(p('f'), 'bob', '')).toEqual(early);
    fixture.full = true;
    expect(await lockService.askHolder(p('f'), 'cyd', '')).toMatchObject({ changed: false, error: { code: 'failed' } });
    expect(fixture.said.filter((said) => said.startsWith('asked'))).toHaveLength(1);
  });

  test.each<[it: string, path: string, answer: object]>([
    ['that nobody locked', 'f', { changed: false, owner: null }],
    ['that does not exist', 'none', { changed: false, error: { code: 'not-found' } }],
    ['that is a directory', 'd', { changed: false, error: { code: 'usage' } }],
  ])('of a path %s is answered', async (_, path, answer) => {
    const { lockService } = open({ f: file('v0'), d: dir() });
    expect(await lockService.askHolder(p(path), 'bob', '')).toMatchObject({ path, ...answer });
  });

  test('of a lock that has outlived its file asks him', async () => {
    const { lock, answer, lockService, fixture } = open();
    await answer(lock('ann'));
    for (const side of ['a', 'b'] as const) fixture.found(side, 'f', null);
    expect(await lockService.askHolder(p('f'), 'bob', '')).toMatchObject({ changed: true, owner: 'ann' });
  });
});

describe('being told when it is free', () => {
  test('is answered with the refusal, and said when nobody has it any more', async () => {
    const { lock, unlock, answer, lockService, fixture, state } = open();
    await answer(lock('ann'));
    expect(await answer(lock('bob', { notify: true }))).toMatchObject({
      changed: false,
      notify: true,
      error: { code: 'locked', message: expect.stringMatching(/\. You are told when it is free\.$/) },
    });
    const waiting = lock('cyd', { wait: standing().wait });
    lockService.serve();
    await answer(unlock('ann'));
    expect(await answer(waiting)).toMatchObject({ changed: true, owner: 'cyd' });
    await answer(unlock('cyd'));
    lockService.serve();
    await turn();
    expect(fixture.said.filter((said) => said.startsWith('free'))).toEqual(['free f bob']);
    expect(fixture.lockState.takeFreed('bob')).toEqual([{ path: 'f', free: state.now, holder: null }]);
    expect(fixture.lockState.takeFreed('bob')).toEqual([]);
  });

  test('says who has locked it since, where somebody has', async () => {
    const { lock, unlock, answer, lockService, fixture } = open();
    await answer(lock('ann'));
    await answer(lock('bob', { notify: true }));
    await answer(unlock('ann'));
    lockService.serve();
    await answer(lock('cyd'));
    expect(fixture.lockState.takeFreed('bob')).toMatchObject([{ path: 'f', holder: 'cyd' }]);
  });

  test('is over where he unlocks what he does not hold, and he is told so', async () => {
    const { lock, unlock, answer } = open();
    await answer(lock('ann'));
    await answer(lock('bob', { notify: true }));
    expect(await answer(unlock('bob'))).toMatchObject({
      notify: false,
      error: { code: 'locked', message: expect.stringMatching(/\. You are no longer told when it is free\.$/) },
    });
    expect(await answer(unlock('bob'))).not.toHaveProperty('notify');
  });
});

describe('a lock with an end', () => {
  test('ends when its time is over, whatever the clock does meanwhile', async () => {
    const { lock, answer, lockService, fixture, state, elapse } = open();
    await answer(lock('ann', { ttlMs: 1_000 }));
    for (const jump of [86_400_000, -172_800_000]) {
      state.now += jump;
      elapse(400);
      lockService.serve();
      await turn();
      expect(fixture.lockState.table.locks.has(p('f'))).toBe(true);
    }
    elapse(200);
    lockService.serve();
    await turn();
    expect([fixture.lockState.table.locks.size, fixture.said.at(-1)]).toEqual([0, 'unlocked f ann ann expired']);
  });

  test('starts again when it is renewed, and goes on when it moves', async () => {
    const { lock, answer, lockService, fixture, elapse } = open();
    await answer(lock('ann', { ttlMs: 1_000 }));
    elapse(900);
    await answer(lock('ann'));
    elapse(900);
    fixture.lockState.dispatch({ kind: 'moved', path: p('f'), to: p('g') });
    elapse(99);
    lockService.serve();
    await turn();
    expect(fixture.lockState.table.locks.has(p('g'))).toBe(true);
    elapse(1);
    lockService.serve();
    await turn();
    expect(fixture.lockState.table.locks.size).toBe(0);
  });

  test('has a timer after a restart, too: the remaining time counts, and never more than was given', async () => {
    const { lock, answer, fixture, state } = open();
    await answer(lock('ann', { ttlMs: 1_000 }));
    for (const [away, left] of [
      [300, 700],
      [5_000, 0],
      [-86_400_000, 1_000],
    ] as const) {
      const waits: number[] = [];
      const now = () => state.now + away;
      const after = (ms: number) => {
        waits.push(ms);
        return () => {};
      };
      new LockExpiry({ lockState: fixture.lockState, clock: { now, after }, expire: async () => true }).start();
      expect(waits).toEqual([left]);
    }
  });

  test('whose end cannot be stored is retried', async () => {
    const { lock, answer, lockService, fixture, elapse } = open();
    await answer(lock('ann', { ttlMs: 1_000 }));
    fixture.full = true;
    elapse(1_000);
    lockService.serve();
    await turn();
    expect(fixture.said).toEqual(['locked f ann a']);
  });
});

describe('a disk that is full', () => {
  test('grants nothing, logs nothing, and the path is free', async () => {
    const { lock, answer, fixture } = open();
    fixture.full = true;
    expect(codeOf(await answer(lock('ann')))).toBe('failed');
    expect([fixture.said, fixture.lockState.table.locks.size]).toEqual([[], 0]);
    fixture.full = false;
    expect(await answer(lock('bob'))).toMatchObject({ changed: true, owner: 'bob', token: 2 });
  });

  test('says of an unlock that it is in force, and how long', async () => {
    const { lock, unlock, answer, fixture } = open();
    await answer(lock('ann'));
    fixture.full = true;
    expect(await answer(unlock('ann'))).toMatchObject({
      changed: false,
      error: { code: 'failed', message: '"f" is unlocked, but that could not be written down: The disk is full.' },
    });
    expect(codeOf(await answer(unlock('ann')))).toBe('failed');
    fixture.full = false;
    expect(await answer(unlock('ann'))).toMatchObject({ changed: false, owner: 'ann' });
    expect(fixture.said).toEqual(['locked f ann a', 'unlocked f ann ann released']);
  });

  test('keeps a lock that was there', async () => {
    const { lock, answer, fixture } = open();
    await answer(lock('ann'));
    fixture.full = true;
    expect(codeOf(await answer(lock('ann')))).toBe('failed');
    expect(fixture.lockState.table.locks.get(p('f'))?.owner).toBe('ann');
  });
});
