// Being told when a path is free: who is, at which moment, and what ends it.
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/locks/decide.js';
import type { LockEvent } from '../../../src/core/locks/events.js';
import { freedPaths, untoldReminders } from '../../../src/core/locks/remind.js';
import { LockTable } from '../../../src/core/locks/table.js';
import type { RelPath } from '../../../src/core/path.js';
import { file, lockOf, play } from '../../support/core/lock-events.js';

const P = 'plan.dwg' as RelPath;
const Q = 'roof.dwg' as RelPath;

const lock = lockOf(P);
const notify = (owner: string, now = 2_000): LockEvent => lock(owner, { notify: true, now });
const unlock = (owner: string, force = false): LockEvent => ({
  ...{ kind: 'unlock', path: P, owner, current: file('v0'), force, now: 9_000 },
});
const hold: LockEvent = {
  ...{ kind: 'hold', path: P, base: file('v0'), after: file('v1'), file: 'x', now: 3_000 },
};
const drained: LockEvent = { kind: 'drained', path: P, applied: true };
const free = (path = P): LockEvent => ({ kind: 'free', path, now: 10_000 });

const told = (table: LockTable, owner: string) =>
  untoldReminders(table, owner).map(({ path, free }) => `${path} ${free}`);

test('a request that is refused has its owner told', () => {
  const { table, last } = play(lock('ann'), notify('bob'));
  expect(last.answer).toMatchObject({ kind: 'refused', reminder: 'set' });
  expect([...table.reminders.values()]).toEqual([{ path: P, owner: 'bob', since: 2_000, free: null }]);
  expect(decide(table, lock('cyd')).answer).not.toHaveProperty('reminder');
});

test('so has one for a path that waiters have, or whose held updates are taking effect', () => {
  const late = play(lock('ann'), lock('cyd', { line: 1 }), unlock('ann'), notify('bob'));
  expect(late.last.answer).toEqual({ kind: 'later', waiting: 1, reminder: 'set' });
  const draining = play(lock('ann'), hold, unlock('ann'), notify('bob'));
  expect(draining.last.answer).toEqual({ kind: 'later', reminder: 'set' });
});

test('one that can be granted is granted, and nobody is told anything', () => {
  const { table, last } = play(notify('bob'));
  expect([last.answer.kind, table.reminders.size]).toEqual(['granted', 0]);
});

describe('the path is free', () => {
  test.each<[when: string, events: LockEvent[], isFree: boolean]>([
    ['while it is locked', [], false],
    ['after the unlock', [unlock('ann')], true],
    ['after it was broken', [unlock('cyd', true)], true],
    ['when it was stolen', [lock('cyd', { steal: true, current: file('v0') })], false],
    ['while held updates take effect', [hold, unlock('ann')], false],
    ['when they have', [hold, unlock('ann'), drained], true],
    ['while somebody waits for it', [lock('cyd', { line: 1 }), unlock('ann')], false],
    ['when the waiter has it', [lock('cyd', { line: 1 }), unlock('ann'), { kind: 'grant', path: P, now: 1 }], false],
    ['when the waiter has left', [lock('cyd', { line: 1 }), unlock('ann'), { kind: 'leave', path: P, line: 1 }], true],
  ])('%s: %#', (_, events, isFree) => {
    const { table } = play(lock('ann'), notify('bob'), ...events);
    expect(freedPaths(table)).toEqual(isFree ? [P] : []);
    const said = decide(table, free());
    expect(said.events).toEqual(isFree ? [{ event: 'free', path: P, owner: 'bob' }] : []);
    table.record(said.rows);
    expect(told(table, 'bob')).toEqual(isFree ? [`${P} 10000`] : []);
    // Once.
    expect([freedPaths(table), decide(table, free()).events]).toEqual([[], []]);
  });

  test('and everybody who wants to know is told, in the order of their requests', () => {
    const { last } = play(lock('ann'), notify('cyd'), notify('bob'), notify('cyd'), unlock('ann'), free());
    expect(last.events).toEqual(['cyd', 'bob'].map((owner) => ({ event: 'free', path: P, owner })));
  });
});

describe('who is no longer told', () => {
  test('holds it himself, also by the queue', () => {
    expect(play(lock('ann'), notify('bob'), unlock('ann'), lock('bob')).table.reminders.size).toBe(0);
    const line = [lock('bob', { line: 1 }), unlock('ann'), { kind: 'grant', path: P, now: 1 }] as LockEvent[];
    expect(play(lock('ann'), notify('bob'), ...line).table.reminders.size).toBe(0);
  });

  test('has locked what he was to be told of at his next command', () => {
    const { table } = play(lock('ann'), notify('bob'), unlock('ann'), free(), lock('bob'));
    expect(table.reminders.size).toBe(0);
  });

  test('unlocks what he does not hold', () => {
    const { table, last } = play(lock('ann'), notify('bob'), unlock('bob'));
    expect([last.answer, table.reminders.size]).toMatchObject([{ kind: 'refused', reminder: 'gone' }, 0]);
    const late = play(lock('ann'), notify('bob'), hold, unlock('ann'), unlock('bob'));
    expect(late.last.answer).toEqual({ kind: 'released', owner: null, held: 0, reminder: 'gone' });
    expect(decide(late.table, unlock('bob')).answer).toEqual({ kind: 'released', owner: null, held: 0 });
  });
});

test('who was told can ask to be told again', () => {
  const { table } = play(lock('ann'), notify('bob'), unlock('ann'), free(), lock('ann'), notify('bob', 20_000));
  expect([...table.reminders.values()]).toEqual([{ path: P, owner: 'bob', since: 20_000, free: null }]);
});

test('a reminder moves with the lock, and is restored from its rows', () => {
  const { table } = play(lock('ann'), notify('bob'), { kind: 'moved', path: P, to: Q });
  const again = new LockTable();
  again.record([...table.rows()]);
  expect([...again.reminders.values()]).toEqual([{ path: Q, owner: 'bob', since: 2_000, free: null }]);
});

test('reminders are bounded: the oldest is dropped', () => {
  const { table } = play(lock('ann'), ...Array.from({ length: 1_001 }, (_, n) => notify(`user ${n}`)));
  expect([table.reminders.size, [...table.reminders.values()][0]?.owner]).toEqual([1_000, 'user 1']);
});
