// The journal of the lock table: what is there after a restart, and what a damaged file leaves.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SyncError } from '../../../src/core/errors.js';
import { Store } from '../../../src/disk/state/store.js';
import { silent } from '../../../src/log.js';
import { LockJournal } from '../../../src/sync/locks/journal.js';
import { LockState } from '../../../src/sync/locks/lock-state.js';
import { openArchive } from '../../../src/sync/pair/archive.js';
import { file, p, turn } from '../../support/disk-site.js';
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
  let present: LockState | null = null;
  const close = async () => {
    await present?.close();
    present = null;
  };
  onTestFinished(close);
  /** Opens it, once more if it is open. */
  const openAgain = async () => {
    await close();
    present = new LockState(new LockJournal(journal), silent);
    return present;
  };
  return { journal, openAgain, close };
}

const settledOf = (store: LockState, event: Parameters<LockState['dispatch']>[0]) =>
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

  test('who asks the holder is told after a restart, once', async () => {
    const { openAgain } = onDisk();
    const store = await openAgain();
    await settledOf(store, lockAsk('f'));
    await settledOf(store, { kind: 'ask', path: p('f'), by: 'bob', message: 'at noon', now: 5 });
    const again = await openAgain();
    expect(again.takeAskings('ann')).toMatchObject([{ path: 'f', by: 'bob', message: 'at noon' }]);
    expect(again.takeAskings('ann')).toEqual([]);
    expect((await openAgain()).takeAskings('ann')).toEqual([]);
  });

  test('who wants to know that a path is free is told after a restart, once', async () => {
    const { openAgain } = onDisk();
    const store = await openAgain();
    await settledOf(store, lockAsk('f'));
    await settledOf(store, { ...lockAsk('f'), owner: 'bob', notify: true } as Parameters<typeof settledOf>[1]);
    const again = await openAgain();
    expect(again.takeFreed('bob')).toEqual([]);
    await settledOf(again, { kind: 'unlock', path: p('f'), owner: 'ann', current: null, now: 5 });
    const free = await openAgain();
    await settledOf(free, { kind: 'free', path: p('f'), now: 6 });
    expect((await openAgain()).takeFreed('bob')).toEqual([{ path: 'f', free: 6, holder: null }]);
    expect((await openAgain()).takeFreed('bob')).toEqual([]);
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

  test('that is lost again, with a clock that was set back, goes on above what the archive knows', async () => {
    const { journal, close } = onDisk();
    await close();
    const at = path.join(path.dirname(journal), 'archive.log');
    /** Opens both at the time `now` and takes one lock. @returns its token. */
    const tokenAt = async (now: number, name: string) => {
      const archive = openArchive(at, () => {});
      const state = new LockState(new LockJournal(journal, Store.open, archive.tokenFloor, () => now), silent);
      const answer = state.dispatch(lockAsk(name));
      await turn();
      await state.close();
      await archive.close();
      return answer.kind === 'granted' ? answer.lock.token : 0;
    };
    const [soon, before] = [2_000_000_000_000, 1_000_000_000_000];
    const empty = () => fs.truncateSync(journal);
    const first = await tokenAt(soon, 'one');
    empty();
    const second = await tokenAt(soon, 'two');
    empty();
    const third = await tokenAt(before, 'three');
    // Nor does it matter in which order the two files are lost.
    fs.rmSync(at);
    const fourth = await tokenAt(before, 'four');
    empty();
    const fifth = await tokenAt(before, 'five');
    expect([first, second, third, fourth, fifth]).toEqual([
      1,
      soon + 1,
      soon + 1_000_002,
      soon + 1_000_003,
      soon + 2_000_004,
    ]);
  });

  test('is seen to be lost where its watermark is lost too, if the archive knows of a token', async () => {
    const { journal, close } = onDisk();
    await close();
    const at = path.join(path.dirname(journal), 'archive.log');
    /** What is said of a loss, and the token of one lock that is taken. */
    const opened = async () => {
      const archive = openArchive(at, () => {});
      const state = new LockState(new LockJournal(journal, Store.open, archive.tokenFloor, () => 5_000), silent);
      const { loss } = state;
      const answer = state.dispatch(lockAsk('one'));
      await turn();
      await state.close();
      await archive.close();
      return { loss, answer };
    };
    expect((await opened()).loss).toBe(null);
    // A lock table that never gave out a token is not missed.
    fs.rmSync(at);
    fs.rmSync(journal);
    expect(await opened()).toMatchObject({ loss: null, answer: { lock: { token: 1 } } });
    fs.rmSync(journal);
    const { loss, answer } = await opened();
    expect(loss).toBe(`The state file ${journal} is missing.`);
    expect(answer).toMatchObject({ lock: { token: 1_000_002 } });
    // It stays known until a person has accepted it.
    expect((await opened()).loss).toBe(loss);
  });

  test('gives out no token again either where the loss is found, and the next start grants the first lock', async () => {
    const { journal, close } = onDisk();
    await close();
    const floor = { token: 7, raise: async (token: number) => void Object.assign(floor, { token }) };
    const openAgain = () => new LockState(new LockJournal(journal, Store.open, floor, () => 5_000), silent);
    const first = openAgain();
    expect(first.loss).toBe(`The state file ${journal} is missing.`);
    await first.close();
    const second = openAgain();
    onTestFinished(() => second.close());
    expect(second.dispatch(lockAsk('one'))).toMatchObject({ kind: 'granted', lock: { token: 1_000_008 } });
    await turn();
  });

  test('grants nothing before the archive has the new height of tokens', async () => {
    const { journal, close } = onDisk();
    await close();
    fs.writeFileSync(journal, '');
    let isFull = true;
    const raised: number[] = [];
    const raise = async (token: number) => {
      if (isFull) throw new SyncError('failed', 'The disk is full.');
      raised.push(token);
    };
    const state = new LockState(new LockJournal(journal, Store.open, { token: 0, raise }, () => 5_000_000), silent);
    onTestFinished(() => state.close());
    await expect(settledOf(state, lockAsk('one'))).rejects.toMatchObject({ code: 'failed' });
    isFull = false;
    await settledOf(state, lockAsk('two'));
    await settledOf(state, lockAsk('three'));
    expect(raised).toHaveLength(1);
    expect(raised[0]).toBeGreaterThanOrEqual(5_000_000);
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
    const store = new LockJournal('locks.log', (_file, tables) => {
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
  });
});
