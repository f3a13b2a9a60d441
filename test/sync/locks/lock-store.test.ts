// The lock table on its disk: what is there after a restart, what counts before it is durable, and what a damaged file
// leaves.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SyncError } from '../../../src/core/errors.js';
import type { Row } from '../../../src/core/locks/records.js';
import { silent } from '../../../src/log.js';
import { LockStore } from '../../../src/sync/locks/lock-store.js';
import { file, p, turn } from '../../support/disk-site.js';
import { LockRoom } from '../../support/lock-room.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

const lockAsk = (path: string, owner = 'ann') =>
  ({ kind: 'lock', path: p(path), owner, side: 'a', message: '', now: 1 }) as const;
const stealAsk = (path: string, owner: string) =>
  ({ ...lockAsk(path, owner), steal: true, current: file('v0') }) as const;
const holdAsk = (path: string, n = 0) =>
  ({ kind: 'hold', path: p(path), base: file(`v${n}`), after: file(`v${n + 1}`), file: `f${n}`, now: 1 }) as const;

/** A table on a disk, which can be opened again. */
function onDisk() {
  const directory = makeRoot('locks');
  onTestFinished(() => removeRoot(directory));
  const journal = path.join(directory, 'locks.log');
  let present: LockStore | null = null;
  const close = async () => {
    await present?.close();
    present = null;
  };
  onTestFinished(close);
  /** Opens it, once more if it is open. */
  const openAgain = async () => {
    await close();
    present = new LockStore(journal, silent);
    return present;
  };
  return { journal, openAgain, close };
}

const settledOf = (store: LockStore, event: Parameters<LockStore['dispatch']>[0]) =>
  new Promise<void>((resolve, reject) => {
    store.dispatch(event, (_, error) => (error === null ? resolve() : reject(error)));
  });

describe('after a restart', () => {
  test('locks, held updates, drains, wishes, notices and numbers are there; waiters are not', async () => {
    const { openAgain } = onDisk();
    const store = await openAgain();
    for (const path of ['kept', 'lost', 'free']) await settledOf(store, lockAsk(path));
    await settledOf(store, holdAsk('kept'));
    await settledOf(store, holdAsk('free'));
    await settledOf(store, { ...lockAsk('kept', 'bob'), line: 7 });
    await settledOf(store, stealAsk('lost', 'bob'));
    const unlock = { kind: 'unlock', path: p('free'), owner: 'ann', current: file('mine'), now: 2 } as const;
    await settledOf(store, unlock);
    expect(store.table.waiters.size).toBe(1);
    const { table, loss } = await openAgain();
    expect([...table.locks.values()].map(({ path, owner }) => `${path} ${owner}`).sort()).toEqual([
      'kept ann',
      'lost bob',
    ]);
    expect(table.heldOf(p('kept')).map(({ file }) => file)).toEqual(['f0']);
    expect(table.drains.get(p('free'))).toMatchObject({ mode: 'keep', of: 1 });
    expect(table.preferences.get(p('free'))).toMatchObject({ side: 'a' });
    expect(table.noticesOf('ann')).toMatchObject([{ path: 'lost', reason: 'stolen', by: 'bob' }]);
    expect([table.counter('token'), table.counter('held'), table.waiters.size, loss]).toEqual([4, 2, 0, null]);
  });

  test('a notice that was delivered is not delivered again', async () => {
    const { openAgain } = onDisk();
    const store = await openAgain();
    await settledOf(store, lockAsk('f'));
    await settledOf(store, stealAsk('f', 'bob'));
    expect(store.takeNotices('bob')).toEqual([]);
    expect(store.takeNotices('ann')).toMatchObject([{ path: 'f' }]);
    expect(store.takeNotices('ann')).toEqual([]);
    expect((await openAgain()).takeNotices('ann')).toEqual([]);
  });
});

describe('a damaged table', () => {
  /** A table of three locks, a held update and a notice, of which the line with the first lock is damaged. */
  const damaged = async () => {
    const { journal, openAgain, close } = onDisk();
    const store = await openAgain();
    for (const path of ['one', 'two', 'three']) await settledOf(store, lockAsk(path));
    await settledOf(store, holdAsk('two'));
    await settledOf(store, stealAsk('three', 'bob'));
    await close();
    const lines = fs.readFileSync(journal, 'utf8').split('\n');
    const at = lines.findIndex((line) => line.includes('"one"'));
    lines[at] = lines[at]!.replace('ann', 'xnn');
    fs.writeFileSync(journal, lines.join('\n'));
    return openAgain;
  };

  test('is in force as far as it can be read, and says that some may be lost', async () => {
    const openAgain = await damaged();
    const { table, loss } = await openAgain();
    expect([...table.locks.values()].map(({ path, owner }) => `${path} ${owner}`)).toEqual(['two ann', 'three bob']);
    expect([table.heldOf(p('two')).length, table.noticesOf('ann').length]).toEqual([1, 1]);
    expect(loss).toContain('locks.log');
  });

  test('gives out no number again', async () => {
    const before = Date.now();
    const openAgain = await damaged();
    const store = await openAgain();
    const { table } = store;
    expect(table.counter('token')).toBeGreaterThanOrEqual(before);
    expect([table.counter('held'), table.counter('notice')]).toEqual([1, 1]);
    const answer = store.dispatch(lockAsk('four'));
    expect(answer.kind === 'granted' && answer.lock.token).toBeGreaterThan(before);
    await turn();
  });

  test('says so until a person accepts it, through every restart', async () => {
    const openAgain = await damaged();
    const { loss } = await openAgain();
    const second = await openAgain();
    expect(second.loss).toBe(loss);
    await second.acceptLoss();
    expect(second.loss).toBe(null);
    expect((await openAgain()).loss).toBe(null);
  });

  test('of which only the last line is torn, as by a power cut, has lost nothing', async () => {
    const { journal, openAgain, close } = onDisk();
    const store = await openAgain();
    await settledOf(store, lockAsk('one'));
    await close();
    fs.appendFileSync(journal, '{"torn');
    const { table, loss } = await openAgain();
    expect([[...table.locks.keys()], loss]).toEqual([['one'], null]);
  });

  test('whose loss cannot be accepted on the disk still says so', async () => {
    const room = new LockRoom();
    const store = new LockStore('locks', room.log, (_file, tables) => {
      tables.loss!.load('message', 'Some were lost.');
      return {
        setAside: null,
        store: {
          put: () => {},
          durable: async () => Promise.reject(new SyncError('failed', 'The disk is full.')),
          close: async () => {},
        },
      };
    });
    await expect(store.acceptLoss()).rejects.toMatchObject({ code: 'failed' });
    expect(store.loss).toBe('Some were lost.');
    expect(store.isSettled).toBe(true);
  });
});

describe('a decision', () => {
  test('is in the table at once, and is pending until it is on the disk and logged', async () => {
    const { lockStore, said } = new LockRoom({ f: file('v0') });
    const heard: (readonly Row[])[] = [];
    let settled = 0;
    lockStore.listen((rows) => void heard.push(rows));
    lockStore.onSettled = () => settled++;
    const answers: string[] = [];
    const answer = lockStore.dispatch(lockAsk('f'), ({ kind }, error) => void answers.push(`${kind} ${error}`));
    lockStore.dispatch(holdAsk('f'));
    expect([answer.kind, lockStore.table.locks.size, heard.length]).toEqual(['granted', 1, 2]);
    expect([answers, said, settled, lockStore.isSettled]).toEqual([[], [], 0, false]);
    expect([lockStore.isPending(p('f')), lockStore.isPending(p('g'))]).toEqual([true, false]);
    await turn();
    expect([answers, said, settled, lockStore.isSettled]).toEqual([
      ['granted null'],
      ['locked f ann a', 'held f modified 1'],
      2,
      true,
    ]);
    expect(lockStore.isPending(p('f'))).toBe(false);
  });

  test('that does not reach the disk is told so, logs nothing, and stays in the table', async () => {
    const warned: string[] = [];
    const room = new LockRoom({ f: file('v0') });
    Object.assign(room.log, { warn: (text: string) => void warned.push(text) });
    const { lockStore, said } = room;
    let settled = 0;
    lockStore.onSettled = () => settled++;
    room.full = true;
    const errors: (string | null)[] = [];
    lockStore.dispatch(lockAsk('f'), (_, error) => void errors.push(error?.message ?? null));
    await turn();
    expect([errors, said, warned, settled]).toEqual([['The disk is full.'], [], ['The disk is full.'], 1]);
    expect([lockStore.isSettled, lockStore.isPending(p('f')), lockStore.table.locks.size]).toEqual([true, false, 1]);
  });

  test('about who waits needs no disk', async () => {
    const room = new LockRoom({ f: file('v0') });
    const { lockStore, said } = room;
    await settledOf(lockStore, lockAsk('f'));
    room.full = true;
    await settledOf(lockStore, { ...lockAsk('f', 'bob'), line: 3 });
    expect(said.at(-1)).toBe('waiting f bob 1');
    await expect(settledOf(lockStore, holdAsk('f'))).rejects.toMatchObject({ code: 'failed' });
  });

  test('delivers a notice once more where its delivery could not be stored', async () => {
    const room = new LockRoom({ f: file('v0') });
    const { lockStore } = room;
    await settledOf(lockStore, lockAsk('f'));
    await settledOf(lockStore, stealAsk('f', 'bob'));
    room.full = true;
    expect(lockStore.takeNotices('ann')).toHaveLength(1);
    // Nobody has to handle that error.
    await turn();
    expect(lockStore.isSettled).toBe(true);
  });
});
