// Asking the holder of a lock: who is asked, how often, and what becomes of it when the lock ends or moves.
import { describe, expect, test } from 'vitest';
import { untoldAskings } from '../../../src/core/locks/ask.js';
import { decide } from '../../../src/core/locks/decide.js';
import type { LockEvent } from '../../../src/core/locks/events.js';
import { LockTable } from '../../../src/core/locks/table.js';
import type { RelPath } from '../../../src/core/path.js';
import { lockOf, play } from '../../support/core/lock-events.js';

const P = 'plan.dwg' as RelPath;
const Q = 'roof.dwg' as RelPath;

const lock = (owner: string, path = P): LockEvent => lockOf(path)(owner);
const ask = (by: string, now: number, message = '', path = P): LockEvent => ({ kind: 'ask', path, by, message, now });
const unlock = (owner: string, force = false): LockEvent => ({
  ...{ kind: 'unlock', path: P, owner, current: null, force, now: 9_000 },
});

const untold = (table: LockTable, owner: string): string[] =>
  untoldAskings(table, owner).map(({ path, by, message }) => `${path} ${by} ${message}`);

describe('who is asked', () => {
  test.each<[it: string, before: LockEvent[], by: string, answer: object, said: boolean]>([
    ['the holder', [lock('ann')], 'bob', { owner: 'ann', changed: true }, true],
    ['nobody, where nobody holds it', [], 'bob', { owner: null, changed: false }, false],
    ['nobody, where he holds it himself', [lock('ann')], 'ann', { owner: 'ann', changed: false }, false],
    [
      'nobody, where he asked less than a minute ago',
      [lock('ann'), ask('bob', 2_000)],
      'bob',
      { owner: 'ann', changed: false, agoMs: 59_999 },
      false,
    ],
    ['the holder, by another', [lock('ann'), ask('cyd', 2_000)], 'bob', { owner: 'ann', changed: true }, true],
    [
      'the holder, for another file',
      [lock('ann'), lock('ann', Q), ask('bob', 2_000, '', Q)],
      'bob',
      { owner: 'ann', changed: true },
      true,
    ],
    ['the holder again after a minute', [lock('ann'), ask('bob', 1_999)], 'bob', { owner: 'ann', changed: true }, true],
    [
      'the holder, where the clock was set back',
      [lock('ann'), ask('bob', 70_000)],
      'bob',
      { owner: 'ann', changed: true },
      true,
    ],
    [
      'the next holder, at once',
      [lock('ann'), ask('bob', 2_000), unlock('ann'), lock('cyd')],
      'bob',
      { owner: 'cyd', changed: true },
      true,
    ],
  ])('%s', (_, before, by, answer, said) => {
    const { table, last } = play(...before, ask(by, 61_999, 'at noon'));
    expect(last.answer).toEqual({ kind: 'asked', ...answer });
    const event = { event: 'asked', path: P, by, message: 'at noon', ...answer, changed: undefined };
    expect(last.events).toEqual(said ? [event] : []);
    expect(untold(table, table.locks.get(P)?.owner ?? 'ann').includes(`${P} ${by} at noon`)).toBe(said);
  });
});

describe('what the holder has not been told', () => {
  test('is kept in rows that restore it', () => {
    const { table } = play(lock('ann'), ask('bob', 1, 'at noon'), ask('cyd', 2));
    const again = new LockTable();
    again.record([...table.rows()]);
    expect(untold(again, 'ann')).toEqual([`${P} bob at noon`, `${P} cyd `]);
    expect(untold(again, 'bob')).toEqual([]);
  });

  test('is the last that was asked', () => {
    const { table } = play(lock('ann'), ask('bob', 1, 'at noon'), ask('bob', 60_001, 'now'));
    expect(untold(table, 'ann')).toEqual([`${P} bob now`]);
  });

  test.each<[it: string, how: LockEvent]>([
    ['released', unlock('ann')],
    ['forced', unlock('cyd', true)],
    ['stolen', { ...lock('cyd'), steal: true, current: null } as LockEvent],
  ])('goes when the lock is %s', (_, how) => {
    expect([...play(lock('ann'), ask('bob', 1), how).table.askings]).toEqual([]);
  });

  test('moves with the lock', () => {
    const { table } = play(lock('ann'), ask('bob', 1), { kind: 'moved', path: P, to: Q });
    expect(untold(table, 'ann')).toEqual([`${Q} bob `]);
    expect(decide(table, ask('bob', 30_001, '', Q)).answer).toMatchObject({ changed: false, agoMs: 30_000 });
  });

  test('goes with the lock that a moved one replaces', () => {
    const moved: LockEvent = { kind: 'moved', path: P, to: Q };
    const { table } = play(lock('ann'), lock('ann', Q), ask('bob', 1, 'roof', Q), ask('cyd', 1, 'plan'), moved);
    expect(untold(table, 'ann')).toEqual([`${Q} cyd plan`]);
  });

  test('is bounded: the oldest is dropped', () => {
    const { table } = play(lock('ann'), ...Array.from({ length: 1_001 }, (_, n) => ask(`user ${n}`, n)));
    expect(table.askings.size).toBe(1_000);
    expect(untold(table, 'ann').slice(0, 2)).toEqual([`${P} user 1 `, `${P} user 2 `]);
  });
});
