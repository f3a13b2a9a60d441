import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Entry } from '../../../src/core/entry.js';
import { decide } from '../../../src/core/locks/decide.js';
import type { Decision, LockEvent, LockRequest } from '../../../src/core/locks/events.js';
import { actionOf, arrivalOn, heldSize } from '../../../src/core/locks/held.js';
import type { HeldWay, Row } from '../../../src/core/locks/records.js';
import { LockTable } from '../../../src/core/locks/table.js';
import type { RelPath, Side } from '../../../src/core/path.js';
import { file, lockOf } from '../../support/core/lock-events.js';
import { propertyMs, replay, runs } from '../../support/core/random.js';

const P = 'plan.dwg' as RelPath;
const Q = 'other.dwg' as RelPath;

const link = (target: string): Entry => ({ type: 'symlink', target, mtime: 1 });
const dir: Entry = { type: 'dir', mode: 0o755 };

const lock = lockOf(P);
const unlock = (
  owner: string,
  current: Entry | null = file('v0'),
  path = P,
  more: { force?: boolean; held?: HeldWay } = {},
): LockEvent => ({ kind: 'unlock', path, owner, current, now: 3000, ...more });
/** Requests the lock, or a place in the queue. */
const wait = (owner: string, line: number, more: Partial<LockRequest> = {}): LockEvent =>
  lock(owner, { line, ...more });
const steal = (owner: string, line: number, current: Entry | null = file('v0')): LockEvent =>
  lock(owner, { steal: true, line, current });
const force = (owner: string, held?: HeldWay): LockEvent =>
  unlock(owner, file('v0'), P, { force: true, ...(held === undefined ? {} : { held }) });
const grant: LockEvent = { kind: 'grant', path: P, now: 4000 };
const leave = (line: number): LockEvent => ({ kind: 'leave', path: P, line });
const expire = (expires: number): LockEvent => ({ kind: 'expire', path: P, expires, current: file('v0'), now: 5000 });
const moved: LockEvent = { kind: 'moved', path: P, to: Q };
const hold = (base: Entry | null, after: Entry | null, path = P): LockEvent => ({
  kind: 'hold',
  path,
  base,
  after,
  file: after?.type === 'file' ? `${path} (held)` : null,
  now: 2000,
});
const drained = (applied = true, path = P): LockEvent => ({ kind: 'drained', path, applied });
const settled: LockEvent = { kind: 'settled', path: P };

function play(events: readonly LockEvent[], table = new LockTable()): { table: LockTable; last: Decision } {
  let last: Decision = { rows: [], answer: { kind: 'noted' }, events: [] };
  for (const event of events) {
    last = decide(table, event);
    table.record(last.rows);
  }
  return { table, last };
}

/** @returns the state of a path in the table, abbreviated. */
function show(table: LockTable, path = P): string {
  const held = table.heldOf(path).map(({ id, action }) => `${action}#${id}`);
  const { owner, side } = table.locks.get(path) ?? {};
  const drain = table.drains.get(path);
  const words = [
    owner === undefined ? 'free' : `${owner}@${side}`,
    ...held,
    ...(drain === undefined ? [] : [`drain:${drain.mode}:${drain.side}:${drain.applied}/${drain.of}`]),
    ...(table.preferences.has(path) ? [preferenceOf(table, path)] : []),
    ...table.waitersOf(path).map((waiter) => `${waiter.owner} waits`),
    ...[...table.notices.values()].map((notice) => `${notice.owner} hears: ${notice.reason} by ${notice.by}`),
  ];
  return words.join(' ');
}

function preferenceOf(table: LockTable, path: RelPath): string {
  const { side, other } = table.preferences.get(path)!;
  return `prefers:${side}${other === undefined ? '' : `:${other}`}`;
}

/** @returns an answer, abbreviated. */
function answerOf({ answer }: Decision): string {
  if (answer.kind === 'granted') {
    const lines = answer.lines?.length ? ` to ${answer.lines}` : '';
    return `granted ${answer.lock.token} ${answer.changed ? 'new' : 'renewed'}${lines}`;
  }
  if (answer.kind === 'queued') return `queued ${answer.line} at ${answer.position}`;
  if (answer.kind === 'released') return `released ${answer.owner} ${answer.held}`;
  if (answer.kind === 'refused') return `refused by ${answer.lock.owner} ${answer.held}`;
  return answer.kind;
}

const eventsOf = ({ events }: Decision): string =>
  events
    .map((event) => {
      if (event.event === 'applied') return `applied ${event.action} ${event.position}/${event.of}`;
      if (event.event === 'held') return `held ${event.action} ${event.position}`;
      if (event.event === 'unlocked') return `unlocked ${event.owner} ${event.by} ${event.reason}`;
      if (event.event === 'waiting') return `waiting ${event.owner} ${event.position}`;
      return event.event === 'locked' ? `locked ${event.owner}@${event.side}` : event.event;
    })
    .join(', ');

const [v0, v1, v2, v3] = [file('v0'), file('v1'), file('v2'), file('v3')];
const held3 = [lock('ann'), hold(v0, v1), hold(v1, v2), hold(v2, v3)];

describe('the lock machine', () => {
  test.each<[name: string, events: LockEvent[], answer: string, said: string, state: string]>([
    ['grants what is free', [lock('ann')], 'granted 1 new', 'locked ann@a', 'ann@a'],
    ['grants on side b', [lock('ann', { side: 'b' })], 'granted 1 new', 'locked ann@b', 'ann@b'],
    ['renews for its owner, token and all', [lock('ann'), lock('ann', { now: 9 })], 'granted 1 renewed', '', 'ann@a'],
    ['keeps the side at a renewal', [lock('ann'), lock('ann', { side: 'b' })], 'granted 1 renewed', '', 'ann@a'],
    ['refuses another', [lock('ann'), lock('bob')], 'refused by ann 0', '', 'ann@a'],
    [
      'refuses another, with the number held',
      [...held3, lock('bob')],
      'refused by ann 3',
      '',
      'ann@a modified#1 modified#2 modified#3',
    ],
    ['takes no notice of letter case between owners', [lock('ann'), lock('Ann')], 'refused by ann 0', '', 'ann@a'],
    [
      'gives a larger token to the next',
      [lock('ann'), unlock('ann'), lock('bob')],
      'granted 2 new',
      'locked bob@a',
      'bob@a',
    ],
    [
      'gives other paths tokens of the same series',
      [lock('ann'), lock('ann', { path: Q })],
      'granted 2 new',
      'locked ann@a',
      'ann@a',
    ],
    ['keeps other paths apart', [lock('ann', { path: Q }), lock('bob')], 'granted 2 new', 'locked bob@a', 'bob@a'],

    ['releases for its owner', [lock('ann'), unlock('ann')], 'released ann 0', 'unlocked ann ann released', 'free'],
    ['does not release for another', [lock('ann'), unlock('bob')], 'refused by ann 0', '', 'ann@a'],
    ['says so where nobody holds it', [unlock('ann')], 'released null 0', '', 'free'],
    ['says so the second time', [lock('ann'), unlock('ann'), unlock('ann')], 'released null 0', '', 'free'],
    [
      'releases what was never there',
      [lock('ann'), unlock('ann', null)],
      'released ann 0',
      'unlocked ann ann released',
      'free',
    ],

    ['holds a modification', [lock('ann'), hold(v0, v1)], 'noted', 'held modified 1', 'ann@a modified#1'],
    ['holds a deletion', [lock('ann'), hold(v0, null)], 'noted', 'held deleted 1', 'ann@a deleted#1'],
    ['holds a creation', [lock('ann'), hold(null, v1)], 'noted', 'held created 1', 'ann@a created#1'],
    [
      'holds a change of metadata',
      [lock('ann'), hold(v0, file('v0', 0o600))],
      'noted',
      'held metadata 1',
      'ann@a metadata#1',
    ],
    ['holds a change of type', [lock('ann'), hold(v0, dir)], 'noted', 'held modified 1', 'ann@a modified#1'],
    ['holds in order, with positions', held3, 'noted', 'held modified 3', 'ann@a modified#1 modified#2 modified#3'],
    [
      'numbers held updates across paths',
      [lock('ann'), lock('ann', { path: Q }), hold(v0, v1, Q), hold(v0, v1)],
      'noted',
      'held modified 1',
      'ann@a modified#2',
    ],

    [
      'drains what was made on the version still there',
      [...held3, unlock('ann', v0)],
      'released ann 3',
      'unlocked ann ann released',
      'free modified#1 modified#2 modified#3 drain:apply:a:0/3',
    ],
    [
      'drains though only metadata changed meanwhile',
      [...held3, unlock('ann', file('v0', 0o600, 7))],
      'released ann 3',
      'unlocked ann ann released',
      'free modified#1 modified#2 modified#3 drain:apply:a:0/3',
    ],
    [
      "keeps the holder's version where it changed",
      [...held3, unlock('ann', file('mine'))],
      'released ann 3',
      'unlocked ann ann released',
      'free modified#1 modified#2 modified#3 drain:keep:a:0/3 prefers:a',
    ],
    [
      "keeps the holder's deletion apart too",
      [...held3, unlock('ann', null)],
      'released ann 3',
      'unlocked ann ann released',
      'free modified#1 modified#2 modified#3 drain:keep:a:0/3 prefers:a',
    ],
    [
      "keeps side b's version for a holder there",
      [lock('ann', { side: 'b' }), hold(v0, v1), unlock('ann', v2)],
      'released ann 1',
      'unlocked ann ann released',
      'free modified#1 drain:keep:b:0/1 prefers:b',
    ],
    [
      'drains a creation where there still is nothing',
      [lock('ann'), hold(null, v1), unlock('ann', null)],
      'released ann 1',
      'unlocked ann ann released',
      'free created#1 drain:apply:a:0/1',
    ],
    [
      'drains a link',
      [lock('ann'), hold(link('x'), link('y')), unlock('ann', link('x'))],
      'released ann 1',
      'unlocked ann ann released',
      'free modified#1 drain:apply:a:0/1',
    ],
    [
      'does not take another size of the same hash for the same',
      [lock('ann'), hold(v0, v1), unlock('ann', { ...v0, size: 99 } as Entry)],
      'released ann 1',
      'unlocked ann ann released',
      'free modified#1 drain:keep:a:0/1 prefers:a',
    ],

    [
      'tells the first of three',
      [...held3, unlock('ann', v0), drained()],
      'noted',
      'applied modified 1/3',
      'free modified#2 modified#3 drain:apply:a:1/3',
    ],
    [
      'tells the second of three',
      [...held3, unlock('ann', v0), drained(), drained()],
      'noted',
      'applied modified 2/3',
      'free modified#3 drain:apply:a:2/3',
    ],
    [
      'the last ends the drain',
      [...held3, unlock('ann', v0), drained(), drained(), drained()],
      'noted',
      'applied modified 3/3',
      'free',
    ],
    [
      'what is put aside is not told as applied',
      [...held3, unlock('ann', v3), drained(false)],
      'noted',
      '',
      'free modified#2 modified#3 drain:keep:a:1/3 prefers:a',
    ],
    [
      'a preference outlives its drain',
      [lock('ann'), hold(v0, v1), unlock('ann', v2), drained(false)],
      'noted',
      '',
      'free prefers:a',
    ],
    [
      'a preference ends when both sides agree',
      [lock('ann'), hold(v0, v1), unlock('ann', v2), drained(false), settled],
      'noted',
      '',
      'free',
    ],
    ['settling what is settled changes nothing', [settled], 'noted', '', 'free'],
    [
      'a drained path that does not drain is left alone',
      [lock('ann'), hold(v0, v1), drained()],
      'noted',
      '',
      'ann@a modified#1',
    ],
    ['a drain with nothing in it ends', [drained()], 'noted', '', 'free'],

    [
      'puts off a lock while the path drains',
      [...held3, unlock('ann', v0), lock('bob')],
      'later',
      '',
      'free modified#1 modified#2 modified#3 drain:apply:a:0/3',
    ],
    [
      'puts off the former owner too',
      [...held3, unlock('ann', v0), drained(), lock('ann')],
      'later',
      '',
      'free modified#2 modified#3 drain:apply:a:1/3',
    ],
    [
      'locks another path meanwhile',
      [...held3, unlock('ann', v0), lock('bob', { path: Q })],
      'granted 2 new',
      'locked bob@a',
      'free modified#1 modified#2 modified#3 drain:apply:a:0/3',
    ],
    [
      'grants again when all has drained',
      [lock('ann'), hold(v0, v1), unlock('ann', v0), drained(), lock('bob')],
      'granted 2 new',
      'locked bob@a',
      'bob@a',
    ],
    [
      'has nobody to release while it drains',
      [...held3, unlock('ann', v0), unlock('ann', v0)],
      'released null 0',
      '',
      'free modified#1 modified#2 modified#3 drain:apply:a:0/3',
    ],
    [
      'numbers go on after a drain',
      [lock('ann'), hold(v0, v1), unlock('ann', v0), drained(), lock('bob'), hold(v1, v2)],
      'noted',
      'held modified 1',
      'bob@a modified#2',
    ],

    [
      'gives a place in line',
      [lock('ann'), wait('bob', 1), wait('cyd', 2)],
      'queued 2 at 2',
      'waiting cyd 2',
      'ann@a bob waits cyd waits',
    ],
    ['gives a free lock to who would wait', [wait('bob', 1)], 'granted 1 new', 'locked bob@a', 'bob@a'],
    [
      'an unlock leaves the path to who is first in line',
      [lock('ann'), wait('bob', 1), wait('cyd', 2), unlock('ann')],
      'released ann 0',
      'unlocked ann ann released',
      'free bob waits cyd waits',
    ],
    [
      'grants in the order in which they came',
      [lock('ann'), wait('bob', 1), wait('cyd', 2), unlock('ann'), grant],
      'granted 2 new to 1',
      'locked bob@a',
      'bob@a cyd waits',
    ],
    [
      'nobody overtakes who waits for a free path',
      [lock('ann'), wait('bob', 1), unlock('ann'), lock('cyd')],
      'later',
      '',
      'free bob waits',
    ],
    [
      'nobody overtakes with --steal where there is no lock to break',
      [lock('ann'), wait('bob', 1), unlock('ann'), steal('cyd', 2)],
      'queued 2 at 2',
      'waiting cyd 2',
      'free bob waits cyd waits',
    ],
    ['grants nothing while another holds it', [lock('ann'), wait('bob', 1), grant], 'noted', '', 'ann@a bob waits'],
    ['grants nothing where nobody waits', [grant], 'noted', '', 'free'],
    [
      'grants nothing while the path drains',
      [lock('ann'), wait('bob', 1), hold(v0, v1), unlock('ann', v0), grant],
      'noted',
      '',
      'free modified#1 drain:apply:a:0/1 bob waits',
    ],
    [
      'grants when it has drained',
      [lock('ann'), wait('bob', 1), hold(v0, v1), unlock('ann', v0), drained(), grant],
      'granted 2 new to 1',
      'locked bob@a',
      'bob@a',
    ],
    [
      'somebody goes out of line',
      [lock('ann'), wait('bob', 1), wait('cyd', 2), leave(1), unlock('ann'), grant],
      'granted 2 new to 2',
      'locked cyd@a',
      'cyd@a',
    ],
    ['leaving twice is nothing', [lock('ann'), wait('bob', 1), leave(1), leave(1)], 'noted', '', 'ann@a'],
    [
      'the same owner twice in line has it with the first grant',
      [lock('ann'), wait('bob', 1), wait('cyd', 2), wait('bob', 3), unlock('ann'), grant],
      'granted 2 new to 1,3',
      'locked bob@a',
      'bob@a cyd waits',
    ],
    ['the owner does not wait for himself', [lock('ann'), wait('ann', 1)], 'granted 1 renewed', '', 'ann@a'],

    [
      'expires',
      [lock('ann', { ttlMs: 50 }), expire(1050)],
      'noted',
      'unlocked ann ann expired',
      'free ann hears: expired by ann',
    ],
    [
      'does not expire once renewed',
      [lock('ann', { ttlMs: 50 }), lock('ann', { now: 1020 }), expire(1050)],
      'noted',
      '',
      'ann@a',
    ],
    [
      'expires as renewed',
      [lock('ann', { ttlMs: 50 }), lock('ann', { now: 1020 }), expire(1070)],
      'noted',
      'unlocked ann ann expired',
      'free ann hears: expired by ann',
    ],
    ['what has no end does not expire', [lock('ann'), expire(1050)], 'noted', '', 'ann@a'],
    [
      'what follows does not expire with what was before',
      [lock('ann', { ttlMs: 50 }), unlock('ann'), lock('bob', { ttlMs: 60 }), expire(1050)],
      'noted',
      '',
      'bob@a',
    ],
    [
      'drains what was held when it expires',
      [lock('ann', { ttlMs: 50 }), hold(v0, v1), expire(1050)],
      'noted',
      'unlocked ann ann expired',
      'free modified#1 drain:apply:a:0/1 ann hears: expired by ann',
    ],

    [
      'is forced',
      [lock('ann'), force('bob')],
      'released ann 0',
      'unlocked ann bob forced',
      'free ann hears: forced by bob',
    ],
    [
      'to force what one holds is to release it',
      [lock('ann'), force('ann')],
      'released ann 0',
      'unlocked ann ann released',
      'free',
    ],
    ['to force what nobody holds is nothing', [force('bob')], 'released null 0', '', 'free'],
    [
      'is stolen, in one step',
      [lock('ann'), steal('bob', 1)],
      'granted 2 new',
      'unlocked ann bob stolen, locked bob@a',
      'bob@a ann hears: stolen by bob',
    ],
    [
      'is stolen from under those in line, who stay there',
      [lock('ann'), wait('cyd', 1), steal('bob', 2)],
      'granted 2 new',
      'unlocked ann bob stolen, locked bob@a',
      'bob@a cyd waits ann hears: stolen by bob',
    ],
    [
      'who steals a lock with held updates is first in line until they have taken effect',
      [lock('ann'), wait('cyd', 1), hold(v0, v1), steal('bob', 2)],
      'queued 2 at 1',
      'unlocked ann bob stolen',
      'free modified#1 drain:apply:a:0/1 bob waits cyd waits ann hears: stolen by bob',
    ],
    [
      'and has it then',
      [lock('ann'), wait('cyd', 1), hold(v0, v1), steal('bob', 2), drained(), grant],
      'granted 2 new to 2',
      'locked bob@a',
      'bob@a cyd waits ann hears: stolen by bob',
    ],
    ['to steal what nobody holds is to lock it', [steal('bob', 1)], 'granted 1 new', 'locked bob@a', 'bob@a'],
    ['to steal from oneself is to renew', [lock('bob'), steal('bob', 1)], 'granted 1 renewed', '', 'bob@a'],

    [
      'puts the held version beside as a copy where that is wanted',
      [lock('ann'), hold(v0, v1), unlock('ann', v0, P, { held: 'copy' })],
      'released ann 1',
      'unlocked ann ann released',
      'free modified#1 drain:keep:a:0/1 prefers:a:copy',
    ],
    [
      'discards what was held where that is wanted',
      [lock('ann'), hold(v0, v1), unlock('ann', v0, P, { held: 'discard' })],
      'released ann 1',
      'unlocked ann ann released',
      'free modified#1 drain:discard:a:0/1 prefers:a:discard',
    ],
    [
      'what is to become of held updates is nothing where none are',
      [lock('ann'), unlock('ann', v0, P, { held: 'copy' })],
      'released ann 0',
      'unlocked ann ann released',
      'free',
    ],

    [
      'leaves a path with its file',
      [lock('ann'), wait('bob', 1), hold(v0, v1), moved],
      'noted',
      'unlocked ann ann released, locked ann@a',
      'free',
    ],
    [
      'in line a second time keeps the place of the first',
      [lock('ann'), wait('bob', 1), wait('cyd', 2), wait('bob', 1)],
      'queued 1 at 1',
      'waiting bob 1',
      'ann@a bob waits cyd waits',
    ],
    ['does not move what nobody holds', [moved], 'noted', '', 'free'],
    [
      'does not move to where another holds a lock',
      [lock('ann'), lock('bob', { path: Q }), moved],
      'noted',
      '',
      'ann@a',
    ],
    [
      'does not move to where held updates take effect',
      [lock('bob', { path: Q }), hold(v0, v1, Q), unlock('bob', v0, Q), lock('ann'), moved],
      'noted',
      '',
      'ann@a',
    ],
    ['does not move to where it is', [lock('ann'), { kind: 'moved', path: P, to: P }], 'noted', '', 'ann@a'],
    [
      'does not move while it drains',
      [lock('ann'), hold(v0, v1), unlock('ann'), moved],
      'noted',
      '',
      'free modified#1 drain:apply:a:0/1',
    ],
  ])('%s', (_, events, answer, said, state) => {
    const { table, last } = play(events);
    expect({ answer: answerOf(last), said: eventsOf(last), state: show(table) }).toEqual({ answer, said, state });
  });

  test.each([
    ['kept where none is given', '', 'drawing', 10],
    ['replaced where one is', 'still drawing', 'still drawing', 10],
  ])('a message is %s at a renewal', (_, message, expected, since) => {
    const { table } = play([lock('ann', { message: 'drawing', now: 10 }), lock('ann', { message, now: 20 })]);
    expect(table.locks.get(P)).toMatchObject({ message: expected, since, token: 1 });
  });

  test('a request during a drain is told so; a request behind waiters is told how many there are', () => {
    const draining = play([lock('ann'), wait('bob', 1), hold(v0, v1), unlock('ann'), lock('cyd')]);
    expect(draining.last.answer).toEqual({ kind: 'later' });
    const free = play([lock('ann'), wait('bob', 1), unlock('ann'), lock('cyd')]);
    expect(free.last.answer).toEqual({ kind: 'later', waiting: 1 });
  });

  test('the notice of a lost lock is written after the loss, so that no notice survives a loss undone by a crash', () => {
    const { last } = play([lock('ann'), force('bob')]);
    const tables = last.rows.map(({ table }) => table);
    expect([tables[0], tables.at(-1)]).toEqual(['lock', 'notice']);
  });

  test('a moved lock keeps its updates in order, its token and its waiters', () => {
    const { table } = play([...held3, wait('bob', 1), wait('cyd', 2), { kind: 'moved', path: P, to: Q }]);
    expect(show(table, Q)).toBe('ann@a modified#1 modified#2 modified#3 bob waits cyd waits');
    expect(table.locks.get(Q)).toMatchObject({ path: Q, token: 1 });
    expect(table.heldOf(Q).map(({ path }) => path)).toEqual([Q, Q, Q]);
    expect(show(play([{ kind: 'leave', path: Q, line: 1 }], table).table, Q)).toMatch(/modified#3 cyd waits$/);
  });

  test('who leaves the line is named, with the path that the lock has now, and only once', () => {
    const { table } = play([lock('ann'), wait('bob', 1), wait('cyd', 2), moved]);
    const gone = play([leave(1)], table);
    expect([gone.last.events, show(gone.table, Q)]).toEqual([
      [{ event: 'left', path: Q, owner: 'bob' }],
      'ann@a cyd waits',
    ]);
    expect(play([leave(1)], gone.table).last.events).toEqual([]);
    expect(play([lock('ann'), wait('bob', 1), unlock('ann'), grant]).last.events).toEqual([
      { event: 'locked', path: P, owner: 'bob', side: 'a' },
    ]);
  });

  test.each(['copy', 'discard'] as const)('with --held %s the last held version is remembered', (held) => {
    const { table } = play([lock('ann'), hold(v0, v1), hold(v1, v2), unlock('ann', v0, P, { held })]);
    expect(table.preferences.get(P)).toEqual({ path: P, side: 'a', other: held, last: v2 });
  });

  test('the lock on a file that is replaced by a move of the same owner ends', () => {
    const { table, last } = play([lock('ann', { path: Q }), lock('ann'), moved]);
    expect([show(table), show(table, Q), eventsOf(last)]).toEqual([
      'free',
      'ann@a',
      'unlocked ann ann released, unlocked ann ann released, locked ann@a',
    ]);
    expect(table.locks.get(Q)?.token).toBe(2);
  });

  test('surplus notices are dropped, the oldest first', () => {
    const events = Array.from({ length: 1_005 }, (_, n) => [lock(`o${n}`), force('bob')]).flat();
    const { table } = play(events);
    expect([table.notices.size, table.noticesOf('o4'), table.noticesOf('o5').length]).toEqual([1_000, [], 1]);
  });

  test.each<[string, Partial<LockRequest>, Partial<LockRequest>, number | null]>([
    ['none stays none', {}, {}, null],
    ['the same again', { ttlMs: 100 }, {}, 1120],
    ['another', { ttlMs: 100 }, { ttlMs: 7 }, 1027],
    ['one where there was none', {}, { ttlMs: 7 }, 1027],
  ])('a time at a renewal: %s', (_, first, second, expires) => {
    const { table } = play([lock('ann', first), lock('ann', { ...second, now: 1020 })]);
    expect(table.locks.get(P)?.expires).toBe(expires);
  });

  test('a refusal contains the lock that caused it', () => {
    const { last } = play([lock('ann', { message: 'drawing', now: 10, side: 'b' }), lock('bob')]);
    expect(last.answer).toEqual({
      kind: 'refused',
      held: 0,
      waiting: 0,
      lock: { path: P, owner: 'ann', side: 'b', since: 10, expires: null, message: 'drawing', token: 1 },
    });
  });

  test('a held update stores base, content, file and time', () => {
    const { table } = play([lock('ann'), hold(v0, v1)]);
    expect(table.heldOf(P)).toEqual([
      { id: 1, path: P, action: 'modified', received: 2000, base: v0, after: v1, file: `${P} (held)` },
    ]);
    expect(heldSize(table.heldOf(P)[0]!)).toBe(2);
  });

  test.each<[Side, Side | null]>([
    ['a', 'b'],
    ['b', 'a'],
  ])('a lock on side %s holds side %s', (side, expected) => {
    expect(play([lock('ann', { side })]).table.heldSide(P)).toBe(expected);
    expect(play([]).table.heldSide(P)).toBeNull();
  });
});

describe('actionOf', () => {
  test.each([
    ['created', null, v1],
    ['deleted', v1, null],
    ['modified', v1, v2],
    ['metadata', v1, file('v1', 0o600)],
    ['modified', v1, dir],
    ['modified', link('x'), link('y')],
    ['metadata', dir, { ...dir, mode: 0o700 } as Entry],
  ] as const)('%s', (expected, base, after) => expect(actionOf(base, after)).toBe(expected));
});

describe('arrivalOn', () => {
  const one = [lock('ann'), hold(v0, v1)];
  test.each<[string, LockEvent[], Entry | null, Entry | null, { base: Entry | null } | null]>([
    ['nothing new', [lock('ann')], v0, v0, null],
    ['nothing there, as before', [lock('ann')], null, null, null],
    ['the first', [lock('ann')], v0, v1, { base: v0 }],
    ['what is held already', one, v0, v1, null],
    ['a further one', one, v0, v2, { base: v1 }],
    ['back to the shared content', one, v0, v0, { base: v1 }],
    ['a deletion', [lock('ann')], v0, null, { base: v0 }],
    ['a deletion after a change', one, v0, null, { base: v1 }],
    ['a deletion that is held already', [lock('ann'), hold(v0, null)], v0, null, null],
    ['back after a deletion', [lock('ann'), hold(v0, null)], v0, v0, { base: null }],
    ['metadata alone', [lock('ann')], v0, file('v0', 0o600), { base: v0 }],
    ['a time alone', [lock('ann')], v0, file('v0', 0o644, 2), { base: v0 }],
    ['a link touched', [lock('ann')], link('x'), { ...link('x'), mtime: 9 } as Entry, null],
    ['another type', [lock('ann')], v0, dir, { base: v0 }],
    ['a first file', [lock('ann')], null, v1, { base: null }],
    ['a first file gone again', [lock('ann'), hold(null, v1)], null, null, { base: v1 }],
    ['a name that came with a rename not done there', one, null, null, null],
  ])('%s', (_, events, shared, present, expected) => {
    expect(arrivalOn(play(events).table, P, shared, present)).toEqual(expected);
  });

  const made = [lock('ann'), hold(null, v1)];
  test.each<[string, LockEvent[], Entry | null, Entry | null, { base: Entry | null } | null]>([
    ['a new partner has not deleted what the former one made', made, null, null, null],
    ['it has something else there', made, null, v2, { base: v1 }],
    ['it has something newer there', made, null, file('v2', 0o644, 2), { base: v1 }],
    ['it has something older there', made, null, file('v2', 0o644, 0), null],
    ['it has a directory there', made, null, dir, { base: v1 }],
    [
      'it has something older than what it did itself',
      [...made, hold(v1, v2)],
      null,
      file('v3', 0o644, 0),
      { base: v2 },
    ],
    [
      'it has something where the former one deleted',
      [lock('ann'), hold(v0, null)],
      v0,
      file('v2', 0o644, 0),
      { base: null },
    ],
    ['it has deleted what was shared since', made, v1, null, { base: v1 }],
    ['it has deleted what it made itself', [...made, hold(v1, v2)], null, null, { base: v2 }],
  ])('after an update of a former partner, %s', (_, events, shared, present, expected) => {
    expect(arrivalOn(play(events).table, P, shared, present, 1)).toEqual(expected);
  });
});

// Random histories.

const paths = fc.constantFrom(P, Q);
const owners = fc.constantFrom('ann', 'bob', 'cyd');
const entries = fc.constantFrom<(Entry | null)[]>(null, v0, v1, v2, link('x'));
const anyEvent: fc.Arbitrary<LockEvent> = fc.oneof(
  fc.record({
    kind: fc.constant('lock' as const),
    path: paths,
    owner: owners,
    side: fc.constantFrom<Side[]>('a', 'b'),
    message: fc.constantFrom('', 'why'),
    now: fc.nat(99),
  }),
  fc.record({ kind: fc.constant('unlock' as const), path: paths, owner: owners, current: entries, now: fc.nat(99) }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('hold' as const),
      path: paths,
      base: entries,
      after: entries,
      file: fc.constantFrom(null, 'f'),
      now: fc.nat(99),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('drained' as const), path: paths, applied: fc.boolean() }) },
  fc.record({ kind: fc.constant('settled' as const), path: paths }),
  fc.record({ kind: fc.constant('grant' as const), path: paths, now: fc.nat(99) }),
  fc.record({ kind: fc.constant('leave' as const), path: paths, line: fc.nat(9) }),
  fc.record({
    kind: fc.constant('expire' as const),
    path: paths,
    expires: fc.nat(99),
    current: entries,
    now: fc.nat(99),
  }),
  fc.constantFrom<LockEvent[]>({ kind: 'moved', path: P, to: Q }, { kind: 'moved', path: Q, to: P }),
);
const histories = fc.array(anyEvent, { maxLength: 40 });

/** As the disk keeps them: through JSON, each under its key. */
function rebuilt(rows: Iterable<Row>): LockTable {
  const table = new LockTable();
  for (const row of rows) table.record([JSON.parse(JSON.stringify(row)) as Row]);
  return table;
}

/** Only while locked do updates arrive; the session sees to that. */
const isFitting = (table: LockTable, event: LockEvent): boolean => event.kind !== 'hold' || table.locks.has(event.path);

describe(`over random histories, ${replay}`, () => {
  test('the rows restore an equal table at every step', { timeout: propertyMs }, () => {
    fc.assert(
      fc.property(histories, (history) => {
        const table = new LockTable();
        const written: Row[] = [];
        for (const event of history) {
          const { rows } = decide(table, event);
          table.record(rows);
          written.push(...rows);
          expect(rebuilt(table.rows())).toEqual(table);
          expect(rebuilt(written)).toEqual(table);
          const waiters = [...table.waiters.values()].flat();
          expect(waiters.map(({ id }) => table.waiter(id))).toEqual(waiters);
          if (event.kind === 'leave') expect(table.waiter(event.line)).toBeNull();
        }
      }),
      runs(150),
    );
  });

  test('rows compacted during writing restore an equal table', { timeout: propertyMs }, () => {
    fc.assert(
      fc.property(histories, fc.nat(40), (history, pause) => {
        const table = new LockTable();
        const since: Row[] = [];
        const copied: Row[] = [];
        const copying = table.rows();
        for (const [n, event] of history.entries()) {
          const { rows } = decide(table, event);
          table.record(rows);
          if (n < pause) continue;
          since.push(...rows);
          const next = copying.next();
          if (!next.done) copied.push(next.value);
        }
        const before = pause >= history.length ? [] : copied;
        for (const row of copying) before.push(row);
        expect(rebuilt([...before, ...since])).toEqual(table);
      }),
      runs(150),
    );
  });

  test('one holder, growing numbers, first in first out', { timeout: propertyMs }, () => {
    fc.assert(
      fc.property(histories, (history) => {
        let table = new LockTable();
        const came = new Map<RelPath, number[]>();
        const went = new Map<RelPath, number[]>();
        let token = 0;
        for (const event of history) {
          if (!isFitting(table, event)) continue;
          const holder = table.locks.get(event.path);
          const before = table.heldOf(event.path);
          const { rows, answer, events } = decide(table, event);
          table.record(rows);
          table = rebuilt(table.rows());
          if (answer.kind === 'granted' && answer.changed) {
            expect(holder).toBeUndefined();
            expect(answer.lock.token).toBeGreaterThan(token);
            token = answer.lock.token;
          }
          if (answer.kind === 'granted' && !answer.changed) expect(holder?.owner).toBe(answer.lock.owner);
          for (const said of events) {
            if (said.event === 'held') note(came, event.path, table.heldOf(event.path).at(-1)!.id);
            if (said.event === 'applied') expect(said.position).toBe(said.of - table.heldOf(event.path).length);
          }
          if (event.kind === 'drained' && table.heldOf(event.path).length < before.length)
            note(went, event.path, before[0]!.id);
          for (const [path, drain] of table.drains) {
            expect(table.locks.has(path)).toBe(false);
            expect(drain.applied).toBe(drain.of - table.heldOf(path).length);
            expect(table.heldOf(path).length).toBeGreaterThan(0);
          }
          for (const path of table.held.keys()) expect(table.locks.has(path) || table.drains.has(path)).toBe(true);
        }
        for (const [path, ids] of went) expect(ids).toEqual(came.get(path)!.slice(0, ids.length));
      }),
      runs(300),
    );
  });
});

function note(into: Map<RelPath, number[]>, path: RelPath, id: number): void {
  into.set(path, [...(into.get(path) ?? []), id]);
}
