// The lock table of a running server: what counts before it is durable, what is told when it is not, and what a restart
// finds.
import { describe, expect, test } from 'vitest';
import type { SyncEvent } from '../../../src/core/events.js';
import { silent } from '../../../src/log.js';
import { LockState } from '../../../src/sync/locks/lock-state.js';
import type { StoredRow } from '../../../src/sync/locks/lock-store.js';
import { MAX_KEPT_EVENTS } from '../../../src/wire/frame/limits.js';
import { file, p, turn } from '../../support/disk-site.js';
import { LockFixture } from '../../support/lock-fixture.js';
import { LockPlace, MemoryLockStore } from '../../support/memory-lock-store.js';

const lockAsk = (path: string, owner = 'ann') =>
  ({ kind: 'lock', path: p(path), owner, side: 'a', message: '', now: 1 }) as const;
const stealAsk = (path: string, owner: string) =>
  ({ ...lockAsk(path, owner), steal: true, current: file('v0') }) as const;
const unlockAsk = (path: string, owner = 'ann') =>
  ({ kind: 'unlock', path: p(path), owner, current: file('v0'), now: 1 }) as const;
const holdAsk = (path: string, n = 0) =>
  ({ kind: 'hold', path: p(path), base: file(`v${n}`), after: file(`v${n + 1}`), file: `f${n}`, now: 1 }) as const;

const settledOf = (state: LockState, event: Parameters<LockState['dispatch']>[0]) =>
  new Promise<void>((resolve, reject) => {
    state.dispatch(event, (_, error) => (error === null ? resolve() : reject(error)));
  });

/** A table whose rows are not durable before `flush` is called, unless the place gets another disk; and what was said. */
function onSlowDisk() {
  const said: string[] = [];
  const log = {
    ...silent,
    event: (event: SyncEvent) => void said.push(`${event.event} ${'path' in event ? event.path : ''}`),
  };
  const place = new LockPlace();
  let flush = () => {};
  place.disk = new Promise((resolve) => {
    flush = resolve;
  });
  return { place, lockState: new LockState(new MemoryLockStore(place), log), said, flush };
}

describe('a decision', () => {
  test('is in the table at once, and is pending until it is on the disk and logged', async () => {
    const { lockState, said } = new LockFixture({ f: file('v0') });
    const heard: (readonly StoredRow[])[] = [];
    let settled = 0;
    lockState.watch((rows) => void heard.push(rows));
    lockState.mailbox = { wake: () => void settled++ };
    const answers: string[] = [];
    const answer = lockState.dispatch(lockAsk('f'), ({ kind }, error) => void answers.push(`${kind} ${error}`));
    lockState.dispatch(holdAsk('f'));
    expect([answer.kind, lockState.table.locks.size, heard.length]).toEqual(['granted', 1, 2]);
    expect([answers, said, settled, lockState.isSettled]).toEqual([[], [], 0, false]);
    expect([lockState.isPending(p('f')), lockState.isPending(p('g'))]).toEqual([true, false]);
    await turn();
    expect([answers, said, settled, lockState.isSettled]).toEqual([
      ['granted null'],
      ['locked f ann a', 'held f modified 1'],
      2,
      true,
    ]);
    expect(lockState.isPending(p('f'))).toBe(false);
  });

  test('that does not reach the disk is told so, logs nothing, and stays in the table', async () => {
    const warned: string[] = [];
    const fixture = new LockFixture({ f: file('v0') });
    Object.assign(fixture.log, { warn: (text: string) => void warned.push(text) });
    const { lockState, said } = fixture;
    let settled = 0;
    lockState.mailbox = { wake: () => void settled++ };
    fixture.full = true;
    const errors: (string | null)[] = [];
    lockState.dispatch(lockAsk('f'), (_, error) => void errors.push(error?.message ?? null));
    await turn();
    expect([errors, said, warned, settled]).toEqual([['The disk is full.'], [], ['The disk is full.'], 1]);
    expect([lockState.isSettled, lockState.isPending(p('f')), lockState.table.locks.size]).toEqual([true, false, 1]);
  });

  test('that did not reach the disk is logged after the next that does, in order', async () => {
    const fixture = new LockFixture({ f: file('v0'), g: file('v0') });
    const { lockState, said } = fixture;
    await settledOf(lockState, lockAsk('f'));
    fixture.full = true;
    await expect(settledOf(lockState, unlockAsk('f'))).rejects.toMatchObject({ code: 'failed' });
    await settledOf(lockState, { ...lockAsk('g', 'bob'), line: 3 }).catch(() => {});
    expect(said).toEqual(['locked f ann a']);
    fixture.full = false;
    await settledOf(lockState, lockAsk('f', 'bob'));
    expect(said).toEqual(['locked f ann a', 'unlocked f ann ann released', 'locked g bob a', 'locked f bob a']);
  });

  test('to release what is released already writes that where it could not be written before', async () => {
    const fixture = new LockFixture({ f: file('v0') });
    const { lockState, said } = fixture;
    await settledOf(lockState, lockAsk('f'));
    fixture.full = true;
    await expect(settledOf(lockState, unlockAsk('f'))).rejects.toMatchObject({ code: 'failed' });
    await expect(settledOf(lockState, unlockAsk('f'))).rejects.toMatchObject({ code: 'failed' });
    fixture.full = false;
    await settledOf(lockState, unlockAsk('f'));
    await settledOf(lockState, unlockAsk('f'));
    expect(said).toEqual(['locked f ann a', 'unlocked f ann ann released']);
  });

  test('that did not reach the disk is tried again later, until it does', async () => {
    const fixture = new LockFixture({ f: file('v0') });
    const { lockState, said } = fixture;
    let due = 0;
    lockState.retryIn = () => void due++;
    await settledOf(lockState, lockAsk('f'));
    lockState.retry();
    fixture.full = true;
    await expect(settledOf(lockState, unlockAsk('f'))).rejects.toMatchObject({ code: 'failed' });
    expect(due).toBe(1);
    lockState.retry();
    await turn();
    expect([due, said]).toEqual([2, ['locked f ann a']]);
    fixture.full = false;
    lockState.retry();
    await turn();
    expect([due, said]).toEqual([2, ['locked f ann a', 'unlocked f ann ann released']]);
  });

  test('that did not reach the disk is forgotten where very many have followed that did not either', async () => {
    const fixture = new LockFixture({ f: file('v0') });
    const { lockState, said } = fixture;
    fixture.full = true;
    lockState.dispatch(lockAsk('first'));
    for (let n = 1; n <= MAX_KEPT_EVENTS; n++) lockState.dispatch(lockAsk(`f${n}`));
    await turn();
    expect(said).toEqual([]);
    fixture.full = false;
    lockState.retry();
    await turn();
    expect([said.length, said[0], said.at(-1)]).toEqual([
      MAX_KEPT_EVENTS,
      'locked f1 ann a',
      `locked f${MAX_KEPT_EVENTS} ann a`,
    ]);
  });

  test('that is on disk before an earlier one is logged after it', async () => {
    const { place, lockState, said, flush } = onSlowDisk();
    lockState.dispatch(lockAsk('f'));
    place.disk = Promise.resolve();
    lockState.dispatch(lockAsk('g'));
    await turn();
    expect(said).toEqual([]);
    flush();
    await turn();
    expect(said).toEqual(['locked f', 'locked g']);
  });

  test('about who waits is logged after an earlier one that is not on disk yet', async () => {
    const { lockState, said, flush } = onSlowDisk();
    lockState.dispatch(lockAsk('f'));
    lockState.dispatch({ ...lockAsk('f', 'bob'), line: 3 });
    lockState.dispatch(unlockAsk('f'));
    lockState.dispatch({ kind: 'leave', path: p('f'), line: 3 });
    await turn();
    expect(said).toEqual([]);
    flush();
    await turn();
    expect(said).toEqual(['locked f', 'waiting f', 'unlocked f', 'left f']);
  });

  test('about who waits needs no disk', async () => {
    const fixture = new LockFixture({ f: file('v0') });
    const { lockState, said } = fixture;
    await settledOf(lockState, lockAsk('f'));
    fixture.full = true;
    await settledOf(lockState, { ...lockAsk('f', 'bob'), line: 3 });
    expect(said.at(-1)).toBe('waiting f bob 1');
    await expect(settledOf(lockState, holdAsk('f'))).rejects.toMatchObject({ code: 'failed' });
  });

  test('delivers a notice once more where its delivery could not be stored', async () => {
    const fixture = new LockFixture({ f: file('v0') });
    const { lockState } = fixture;
    await settledOf(lockState, lockAsk('f'));
    await settledOf(lockState, stealAsk('f', 'bob'));
    fixture.full = true;
    expect(lockState.takeNotices('ann')).toHaveLength(1);
    // Nobody has to handle that error.
    await turn();
    expect(lockState.isSettled).toBe(true);
  });
});

test('a decision of a server that does not know the newest one is refused, and so is every later one', async () => {
  const store = new MemoryLockStore(new LockPlace());
  const [first, second] = [new LockState(store, silent), new LockState(store, silent)];
  await settledOf(first, lockAsk('f'));
  const refused = [settledOf(second, lockAsk('f', 'bob')), settledOf(second, lockAsk('g', 'bob'))];
  for (const one of refused) await expect(one).rejects.toMatchObject({ code: 'failed' });
  await expect(settledOf(second, lockAsk('h', 'bob'))).rejects.toMatchObject({ code: 'failed' });
  await settledOf(first, lockAsk('g'));
  expect([...new LockState(store, silent).table.locks.values()].map(({ path, owner }) => `${path} ${owner}`)).toEqual([
    'f ann',
    'g ann',
  ]);
});
