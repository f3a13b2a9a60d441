// What a live view knows after each event and answer, and what it asks for next.
import { describe, expect, test } from 'vitest';
import {
  ALL_QUESTIONS,
  questionsAfter,
  questionsAfterAnswers,
  startOf,
  withAnswers,
  withEvent,
  withoutServer,
  withServer,
} from '../../src/client/live-state.js';
import type { SyncEvent } from '../../src/core/events.js';
import type { Status, Transfers } from '../../src/wire/client-api/methods.js';

const START = startOf('127.0.0.1:8080', 'anna');
const NOON = new Date(Date.UTC(2026, 10, 21, 12));
const status = (counts: Partial<Status>): Status => ({
  state: 'in-sync',
  peer: { address: '127.0.0.1:8081', connected: true },
  a: { files: 1, bytes: 1 },
  b: { files: 1, bytes: 1 },
  pending: 0,
  held: 0,
  locks: 0,
  conflicts: 0,
  problems: [],
  versions: { a: null, b: null },
  paused: null,
  left: { files: 0, bytes: 0 },
  lastInSync: null,
  ...counts,
});
const left = (files: number, bytes: number): { transfers: Transfers } => ({
  transfers: { transfers: [], left: { files, bytes }, done: { files: 0, bytes: 0 }, percent: 0 },
});

describe('events', () => {
  const event: SyncEvent = { event: 'peer-connected' };

  test('the latest is last, and no more are kept than a window shows', () => {
    let state = START;
    for (let n = 0; n < 450; n++) state = withEvent(state, { time: new Date(n), event });
    expect(state.events).toHaveLength(200);
    expect(state.events.at(-1)).toEqual({ time: new Date(449), event });
  });

  test('a server that goes and comes back is told among them', () => {
    const gone = withoutServer(withAnswers(START, left(3, 30)), NOON);
    expect(gone).toMatchObject({ lostSince: NOON, transfers: { left: { files: 0 } }, events: [{ server: 'gone' }] });
    expect(withServer(gone, NOON)).toMatchObject({ lostSince: null, events: [{ server: 'gone' }, { server: 'back' }] });
  });
});

test.each<[SyncEvent, Partial<Status>]>([
  [{ event: 'syncing', files: 1, bytes: 9 }, { state: 'syncing' }],
  [{ event: 'peer-lost', reason: 'cut' }, { state: 'peer-lost' }],
  [
    { event: 'paused', by: 'anna' },
    { state: 'paused', paused: { by: 'anna', since: NOON.toISOString() } },
  ],
  [
    { event: 'paused', by: 'anna', since: 's' },
    { state: 'paused', paused: { by: 'anna', since: 's' } },
  ],
  [{ event: 'halted', code: 'root-missing', message: '' }, { state: 'halted' }],
  [{ event: 'resumed', by: 'anna' }, { state: 'syncing' }],
  [{ event: 'in-sync', files: 1, bytes: 1 }, { state: 'in-sync' }],
])('after %j the state is known without an answer', (event, known) => {
  const before = withAnswers(START, { status: status({}) });
  expect(withEvent(before, { time: NOON, event }).status).toEqual(status(known));
  expect(withEvent(START, { time: NOON, event }).status).toBeNull();
});

test('in-sync ends work, and resumed a pause', () => {
  const syncing = withAnswers(START, { status: status({ state: 'syncing' }) });
  const inSync: SyncEvent = { event: 'in-sync', files: 1, bytes: 1 };
  expect(withEvent(syncing, { time: NOON, event: inSync }).status?.state).toBe('in-sync');
  const paused = withAnswers(START, { status: status({ state: 'paused', paused: { by: 'anna', since: 's' } }) });
  const after = withEvent(paused, { time: NOON, event: { event: 'resumed', by: 'anna' } });
  expect(after.status).toMatchObject({ state: 'syncing', paused: null });
});

test('a halt or a pause is not over because server-b goes', () => {
  const before = withAnswers(START, { status: status({ state: 'halted' }) });
  expect(withEvent(before, { time: NOON, event: { event: 'peer-lost', reason: '' } }).status?.state).toBe('halted');
});

test.each<[event: SyncEvent['event'], asked: string[]]>([
  ['locked', ['status', 'locks']],
  ['waiting', ['status', 'locks']],
  ['left', ['status', 'locks']],
  ['asked', ['status', 'locks']],
  ['unlocked', ['status', 'locks', 'held', 'transfers']],
  ['held', ['status', 'locks', 'held', 'transfers']],
  ['applied', ['status', 'locks', 'held', 'transfers']],
  ['conflict', ['status', 'conflicts', 'transfers']],
  ['synced', ['status', 'transfers']],
])('after %s, %j is asked for', (event, asked) => {
  expect(questionsAfter(event)).toEqual(asked);
  for (const question of asked) expect(ALL_QUESTIONS).toContain(question);
});

test.each<[was: Partial<Status>, is: Partial<Status>, asked: string[]]>([
  [{}, {}, []],
  [{}, { pending: 3 }, []],
  [{ conflicts: 1 }, {}, ['conflicts']],
  [{ locks: 1, held: 2 }, { locks: 2, held: 1 }, ['locks', 'held']],
])('from %j to %j, %j is asked for', (was, is, asked) => {
  const before = withAnswers(START, { status: status(was) });
  expect(questionsAfterAnswers(before, withAnswers(before, { status: status(is) }))).toEqual(asked);
  expect(questionsAfterAnswers(START, before)).toEqual([]);
});
