// The timers of locks that have an end: one for each, whatever happens to the lock meanwhile.
import { describe, expect, test } from 'vitest';
import { LockExpiry } from '../../../src/sync/locks/expiry.js';
import { file, p, turn } from '../../support/disk-site.js';
import { LockFixture } from '../../support/lock-fixture.js';

const NOW = 1_000;

function open(fixture = new LockFixture({ f: file('v0'), g: file('v0') })) {
  const { lockState } = fixture;
  const timers = new Map<number, { ms: number; act: () => void }>();
  let n = 0;
  const expired: string[] = [];
  const state = { now: NOW, stored: false, during: () => {} };
  const expiry = new LockExpiry({
    lockState,
    clock: {
      now: () => state.now,
      after: (ms, act) => {
        const id = n++;
        timers.set(id, { ms, act });
        return () => void timers.delete(id);
      },
    },
    expire: async ({ path, token }) => {
      expired.push(`${path} ${token}`);
      state.during();
      return state.stored;
    },
  });
  expiry.start();
  const lock = (ttlMs?: number, path = 'f', owner = 'ann') =>
    lockState.dispatch({
      ...{ kind: 'lock', path: p(path), owner, side: 'a', message: '', now: NOW },
      ...(ttlMs === undefined ? {} : { ttlMs }),
    });
  const unlock = (path = 'f') =>
    lockState.dispatch({ kind: 'unlock', path: p(path), owner: 'ann', current: file('v0'), now: NOW });
  const move = (path: string, to: string) => lockState.dispatch({ kind: 'moved', path: p(path), to: p(to) });
  const waits = () => [...timers.values()].map(({ ms }) => ms);
  /** Every timer rings. */
  const fire = async () => {
    for (const [id, { act }] of [...timers]) {
      timers.delete(id);
      act();
    }
    await turn();
  };
  return { fixture, lockState, state, lock, unlock, move, waits, fire, expired };
}

describe('a timer', () => {
  test('exists once for each lock that has an end', () => {
    const { lock, unlock, waits } = open();
    lock();
    expect(waits()).toEqual([]);
    lock(500);
    expect(waits()).toEqual([500]);
    lock(700);
    expect(waits()).toEqual([700]);
    lock(300, 'g');
    expect(waits()).toEqual([700, 300]);
    unlock();
    expect(waits()).toEqual([300]);
  });

  test('goes on for a lock that changes hands in one step', () => {
    const { lockState, lock, waits } = open();
    lock(500);
    const thief = { kind: 'lock', path: p('f'), owner: 'bob', side: 'a', message: '', now: NOW, ttlMs: 300 } as const;
    lockState.dispatch({ ...thief, steal: true, current: file('v0') });
    expect([lockState.table.locks.get(p('f'))?.owner, waits()]).toEqual(['bob', [300]]);
  });

  test('of months is set in parts that a Node timer supports', async () => {
    const { lock, waits, fire, expired } = open();
    lock(2 ** 31 + 9);
    expect(waits()).toEqual([2 ** 31 - 1]);
    await fire();
    expect([waits(), expired]).toEqual([[10], []]);
    await fire();
    expect([expired, waits()]).toEqual([['f 1'], [1_000]]);
  });

  test.each<[it: string, ttlMs: number, passed: number, ms: number]>([
    ['that ended while the server was stopped, at once', 1_000, 5_000, 0],
    ['that has time left, for the rest', 1_000, 300, 700],
    ['whose clock was set back, for its whole time and no longer', 1_000, -86_400_000, 1_000],
  ])('starts with the server for a lock %s', (_, ttlMs, passed, ms) => {
    const { fixture, lock } = open();
    lock(ttlMs);
    const later = open(new LockFixture());
    later.state.now = NOW + passed;
    void later.lockState.commit([{ table: 'lock', key: 'f', value: fixture.lockState.table.locks.get(p('f'))! }]);
    expect(later.waits()).toEqual([ms]);
    void later.lockState.commit([{ table: 'lock', key: 'f', value: null }]);
    expect(later.waits()).toEqual([]);
  });

  test('starts with the server for locks that it finds', () => {
    const first = open();
    first.lock(500);
    first.lock(undefined, 'g');
    const again = open(first.fixture);
    expect(again.waits()).toEqual([500]);
  });
});

describe('the end of a lock', () => {
  test('that could not be stored is tried again a second later, until it is', async () => {
    const { lock, fire, waits, expired, unlock, state } = open();
    lock(500);
    await fire();
    await fire();
    expect([expired, waits()]).toEqual([['f 1', 'f 1'], [1_000]]);
    state.stored = true;
    state.during = () => unlock();
    await fire();
    expect([expired.length, waits()]).toEqual([3, []]);
  });

  test.each<[it: string, act: (scene: ReturnType<typeof open>) => void]>([
    ['was released', ({ unlock }) => void unlock()],
    ['was renewed', ({ lock }) => void lock(900)],
    [
      'is another one',
      ({ lock, unlock }) => {
        unlock();
        lock(500);
      },
    ],
  ])('is not tried again for a lock that %s meanwhile', async (_, act) => {
    const scene = open();
    scene.lock(500);
    scene.state.during = () => {
      scene.state.during = () => {};
      act(scene);
    };
    await scene.fire();
    expect(scene.waits()).not.toContain(1_000);
    expect(scene.expired).toEqual(['f 1']);
  });
});

describe('a lock that moves with its file', () => {
  test('keeps its time, and ends under its new name', async () => {
    const { lock, move, waits, fire, expired, state } = open();
    lock(500);
    state.now += 400;
    move('f', 'new');
    expect(waits()).toEqual([500]);
    await fire();
    expect([expired, waits()]).toEqual([['new 1'], [1_000]]);
    await fire();
    expect(expired).toEqual(['new 1', 'new 1']);
  });

  test('has no timer any more once it is released there', () => {
    const { lock, move, unlock, waits } = open();
    lock(500);
    move('f', 'new');
    unlock('new');
    expect(waits()).toEqual([]);
    lock(300);
    expect(waits()).toEqual([300]);
  });

  test('is given a new time there when it is renewed', () => {
    const { lock, move, waits } = open();
    lock(500);
    move('f', 'new');
    lock(800, 'new');
    expect(waits()).toEqual([800]);
  });

  test('moves among others that move at the same time, each with its own time', async () => {
    const { lock, lockState, waits, fire, expired } = open();
    lock(500);
    lock(800, 'g');
    const [f, g] = [lockState.table.locks.get(p('f'))!, lockState.table.locks.get(p('g'))!];
    void lockState.commit([
      { table: 'lock', key: 'f', value: null },
      { table: 'lock', key: 'g', value: null },
      { table: 'lock', key: 'd/g', value: { ...g, path: p('d/g') } },
      { table: 'lock', key: 'd/f', value: { ...f, path: p('d/f') } },
    ]);
    expect(waits().sort()).toEqual([500, 800]);
    await fire();
    expect(expired.sort()).toEqual(['d/f 1', 'd/g 2']);
  });

  test('over another takes that one’s timer away', () => {
    const { lock, lockState, waits } = open();
    lock(500);
    lock(800, 'g');
    const f = lockState.table.locks.get(p('f'))!;
    void lockState.commit([
      { table: 'lock', key: 'f', value: null },
      { table: 'lock', key: 'g', value: { ...f, path: p('g') } },
    ]);
    expect(waits()).toEqual([500]);
  });

  test('and is settled under its new name while it ends is tried again there', async () => {
    const { lock, move, fire, waits, expired, state } = open();
    lock(500);
    state.stored = true;
    state.during = () => {
      state.during = () => {};
      move('f', 'new');
    };
    await fire();
    expect([expired, waits()]).toEqual([['f 1'], [0]]);
    await fire();
    expect(expired).toEqual(['f 1', 'new 1']);
  });
});
