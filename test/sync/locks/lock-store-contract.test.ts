// What the lock table relies on in every form of its store: the journal on disk, the same on the disk of the simulation, and
// the form in memory that other tests use.
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Lock } from '../../../src/core/locks/records.js';
import { LockJournal } from '../../../src/sync/locks/journal.js';
import type { LockStore, Revision, StoredRow } from '../../../src/sync/locks/lock-store.js';
import { SimDisk } from '../../sim/disk.js';
import { Ledger } from '../../sim/ledger.js';
import { storesOn } from '../../sim/store.js';
import { Process } from '../../sim/world.js';
import { p } from '../../support/disk-site.js';
import { LockPlace, MemoryLockStore } from '../../support/memory-lock-store.js';
import { GoingWorld } from '../../support/replicas.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

const lock = (path: string, token: number): Lock => ({
  path: p(path),
  owner: 'ann',
  side: 'a',
  since: 1,
  expires: null,
  message: '',
  token,
});
const locked = (path: string, token = 1): StoredRow => ({ table: 'lock', key: path, value: lock(path, token) });
const unlocked = (path: string): StoredRow => ({ table: 'lock', key: path, value: null });
const counted = (value: number): StoredRow => ({ table: 'counter', key: 'token', value });
const paused: StoredRow = { table: 'pause', key: 'pair', value: { by: 'ann', since: 1 } };

/** @returns what opens a store, each time in the same place. */
type Form = () => () => LockStore;

const forms: Record<string, Form> = {
  journal: () => {
    const directory = makeRoot('locks');
    onTestFinished(() => removeRoot(directory));
    return () => new LockJournal(path.join(directory, 'locks.log'));
  },
  'journal of the simulation': () => {
    const world = new GoingWorld(1, false);
    const disk = new SimDisk(new Ledger(world));
    const process = new Process(world, () => 0);
    void world.go();
    onTestFinished(() => world.end());
    return () => new LockJournal('locks.log', storesOn(disk, process));
  },
  'form in memory': () => {
    const place = new LockPlace();
    return () => new MemoryLockStore(place);
  },
};

const rowsOf = (store: LockStore) => [...store.replay().rows].sort((x, y) => (x.key < y.key ? -1 : 1));

describe.each(Object.entries(forms))('the %s', (_, form) => {
  const opened = () => {
    const open = form();
    const store = open();
    onTestFinished(() => store.close());
    return { store, open };
  };

  test('replays what was appended, the last row of each key', async () => {
    const { store } = opened();
    const first = store.append([locked('f'), counted(1), paused], store.replay().revision);
    const second = store.append([unlocked('f'), locked('g', 2), counted(2)], first.revision);
    expect(await Promise.all([first.stored, second.stored])).toEqual([true, true]);
    expect(rowsOf(store)).toEqual([locked('g', 2), paused, counted(2)]);
    expect(store.replay().revision).toBe(second.revision);
  });

  test('has it after it was closed and opened again, and after a kill', async () => {
    const open = form();
    const first = open();
    await first.append([locked('f'), paused], first.replay().revision).stored;
    await first.close();
    const second = open();
    expect(rowsOf(second)).toEqual([locked('f'), paused]);
    await second.append([unlocked('f')], second.replay().revision).stored;
    const third = open(); // nobody has closed the second one
    expect(rowsOf(third)).toEqual([paused]);
    for (const store of [second, third]) await store.close();
  });

  test('refuses rows that follow an earlier revision, and stores none of them', async () => {
    const { store, open } = opened();
    const { revision } = store.replay();
    const first = store.append([locked('f')], revision);
    const late = store.append([locked('g'), unlocked('f')], revision);
    expect(await Promise.all([first.stored, late.stored])).toEqual([true, false]);
    expect([rowsOf(store), store.replay().revision]).toEqual([[locked('f')], first.revision]);
    await store.close();
    expect(rowsOf(open())).toEqual([locked('f')]);
  });

  test('refuses what follows a refused append, however long that goes on', async () => {
    const { store } = opened();
    let since: Revision = store.replay().revision;
    const first = store.append([locked('f')], since);
    const appended = [];
    for (let n = 0; n < 5; n++) {
      const one = store.append([locked(`late ${n}`)], since);
      appended.push(one.stored);
      since = one.revision;
    }
    expect(await Promise.all(appended)).toEqual([false, false, false, false, false]);
    expect(await store.append([locked('g')], first.revision).stored).toBe(true);
    expect(rowsOf(store)).toEqual([locked('f'), locked('g')]);
  });

  test('tells each watcher of the rows of every append, at once, and of none that is refused', async () => {
    const { store } = opened();
    const heard: string[] = [];
    for (const name of ['one', 'two']) {
      store.watch((rows) => void heard.push(`${name}: ${rows.map(({ table, key }) => `${table} ${key}`)}`));
    }
    const { revision } = store.replay();
    const first = store.append([locked('f'), counted(1)], revision);
    const late = store.append([locked('g')], revision);
    expect(heard).toEqual(['one: lock f,counter token', 'two: lock f,counter token']);
    await Promise.all([first.stored, late.stored]);
    expect(heard).toHaveLength(2);
  });

  test('has lost nothing', async () => {
    const { store } = opened();
    expect(store.loss).toBeNull();
    await store.acceptLoss();
    expect(store.loss).toBeNull();
  });
});
