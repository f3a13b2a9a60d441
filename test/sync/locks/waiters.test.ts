// Waiters for a lock: when they are sent their position, when they leave, and what they are answered then.
import { describe, expect, test } from 'vitest';
import { SyncError } from '../../../src/core/errors.js';
import { isCancelled, type PendingRequest } from '../../../src/sync/locks/request.js';
import { WaitQueue } from '../../../src/sync/locks/waiters.js';
import type { Acted, Refused } from '../../../src/wire/client-api/methods.js';
import { file, p } from '../../support/disk-site.js';
import { LockFixture } from '../../support/lock-fixture.js';
import { HandClock } from '../../support/session-fixture.js';

function open() {
  const fixture = new LockFixture({ f: file('v0'), g: file('v0') });
  const clock = new HandClock();
  let wakes = 0;
  const lines = new WaitQueue({ lockState: fixture.lockState, clock, mailbox: { wake: () => void wakes++ } });
  const { lockState } = fixture;
  const lock = (owner: string, line?: number, path = 'f') =>
    lockState.dispatch({
      kind: 'lock',
      path: p(path),
      owner,
      side: 'a',
      message: '',
      now: 1,
      ...(line === undefined ? {} : { line }),
    });
  const answers = new Map<number, Acted | Refused>();
  const told = new Map<number, string[]>();
  const signals = new Map<number, AbortController>();
  /** Adds a waiter as the lock service does. @param forMs how long it waits; a steal has no limit of its own. */
  const join = (line: number, owner: string, forMs: number | null | 'steals' = null, path = 'f') => {
    const answer = lock(owner, line, path);
    if (answer.kind !== 'queued') throw new Error(answer.kind);
    const places: string[] = [];
    told.set(line, places);
    const signal = signals.get(line) ?? new AbortController();
    signals.set(line, signal);
    const wait =
      forMs === 'steals'
        ? {}
        : {
            wait: {
              forMs,
              signal: signal.signal,
              onPosition: (at: string, place: number) => void places.push(`${at} ${place}`),
            },
          };
    const request: PendingRequest = {
      ask: { kind: 'lock', path: p(path), owner, side: 'a', message: '', ...wait },
      line,
      since: 1,
      resolve: (given) => void answers.set(line, given),
    };
    lines.join(request, answer.position);
    return request;
  };
  const codeOf = (line: number) => (answers.get(line) as Refused | undefined)?.error.code ?? null;
  const inLine = (path = 'f') => lockState.table.waitersOf(p(path)).map(({ owner }) => owner);
  return { fixture, lockState, clock, lines, lock, join, answers, told, signals, codeOf, inLine, wakes: () => wakes };
}

describe('a position in the queue', () => {
  test('is sent at once and after each change, at most ten times a second', () => {
    const { lines, clock, lock, join, told, signals } = open();
    lock('ann');
    for (const [line, owner] of [
      [1, 'bob'],
      [2, 'cid'],
      [3, 'dan'],
    ] as const)
      join(line, owner);
    expect([...told.values()]).toEqual([['f 1'], ['f 2'], ['f 3']]);
    clock.pass(100);
    expect([...told.values()]).toEqual([['f 1'], ['f 2'], ['f 3']]);
    signals.get(1)!.abort();
    lines.serve();
    clock.pass(99);
    expect(told.get(2)).toEqual(['f 2']);
    clock.pass(1);
    expect([told.get(1), told.get(2), told.get(3)]).toEqual([['f 1'], ['f 2', 'f 1'], ['f 3', 'f 2']]);
    clock.pass(1_000);
    expect(told.get(3)).toEqual(['f 3', 'f 2']);
  });

  test('is sent once where several waiters leave at a time', () => {
    const { lines, clock, lock, join, told, signals } = open();
    lock('ann');
    for (let line = 1; line <= 4; line++) join(line, `o${line}`);
    clock.pass(100);
    for (const line of [1, 2]) signals.get(line)!.abort();
    lines.serve();
    signals.get(3)!.abort();
    lines.serve();
    clock.pass(100);
    expect(told.get(4)).toEqual(['f 4', 'f 1']);
  });

  test('is not sent again before a tenth of a second has passed, whenever the next one leaves', () => {
    const { lines, clock, lock, join, told, signals } = open();
    lock('ann');
    for (let line = 1; line <= 4; line++) join(line, `o${line}`);
    clock.pass(100);
    const leave = (line: number) => {
      signals.get(line)!.abort();
      lines.serve();
    };
    leave(1);
    clock.pass(50);
    leave(2);
    clock.pass(50);
    expect(told.get(4)).toEqual(['f 4', 'f 2']);
    clock.pass(20);
    leave(3);
    clock.pass(99);
    expect(told.get(4)).toEqual(['f 4', 'f 2']);
    clock.pass(1);
    expect(told.get(4)).toEqual(['f 4', 'f 2', 'f 1']);
  });

  test('is sent to waiters that another one passes', () => {
    const { clock, lockState, lines, lock, join, told } = open();
    lock('ann');
    join(1, 'bob');
    clock.pass(100);
    lockState.dispatch({ kind: 'hold', path: p('f'), base: file('v0'), after: file('v1'), file: null, now: 1 });
    const thief = { kind: 'lock', path: p('f'), owner: 'cid', side: 'a', message: '' } as const;
    const answer = lockState.dispatch({ ...thief, steal: true, line: 2, current: file('v0'), now: 2 });
    if (answer.kind !== 'queued') throw new Error(answer.kind);
    lines.join({ ask: { ...thief, steal: true }, line: 2, since: 2, resolve: () => {} }, answer.position);
    clock.pass(100);
    expect([answer.position, told.get(1)]).toEqual([1, ['f 1', 'f 2']]);
  });

  test('moves with the file', () => {
    const { lockState, lines, clock, lock, join, told, signals, inLine } = open();
    lock('ann');
    join(1, 'bob');
    join(2, 'cid');
    clock.pass(100);
    lockState.dispatch({ kind: 'moved', path: p('f'), to: p('new') });
    signals.get(1)!.abort();
    lines.serve();
    expect(inLine('new')).toEqual(['cid']);
    clock.pass(100);
    expect(told.get(2)).toEqual(['f 2', 'new 1']);
  });
});

describe('a waiter leaves', () => {
  test.each<[it: string, forMs: number | null | 'steals', passes: number, code: string | null]>([
    ['when its time is over', 5_000, 5_000, 'locked'],
    ['not before', 5_000, 4_999, null],
    ['never, if it waits without limit', null, 86_400_000, null],
    ['after twenty seconds, if it has broken a lock', 'steals', 20_000, 'locked'],
    ['not earlier then', 'steals', 19_999, null],
  ])('%s', (_, forMs, passes, code) => {
    const { lines, clock, lock, join, codeOf, inLine, wakes } = open();
    lock('ann');
    join(1, 'bob', forMs);
    const before = wakes();
    clock.pass(passes);
    expect(wakes() > before).toBe(code !== null);
    lines.serve();
    expect([codeOf(1), inLine(), lines.size]).toEqual(code === null ? [null, ['bob'], 1] : [code, [], 0]);
  });

  test('when its connection has closed', () => {
    const { lines, lock, join, signals, codeOf, inLine } = open();
    lock('ann');
    join(1, 'bob');
    join(2, 'cid');
    signals.get(1)!.abort();
    expect(codeOf(1)).toBe(null);
    lines.serve();
    expect([codeOf(1), inLine(), lines.size]).toEqual(['interrupted', ['cid'], 1]);
    lines.serve();
    expect(inLine()).toEqual(['cid']);
  });

  test('at once, without a position, where it had closed before', () => {
    const { lines, lock, join, signals, told, codeOf } = open();
    lock('ann');
    const gone = new AbortController();
    gone.abort();
    signals.set(1, gone);
    join(1, 'bob');
    lines.serve();
    expect([told.get(1), codeOf(1)]).toEqual([[], 'interrupted']);
  });

  test('because nobody holds the lock and it still could not be granted', () => {
    const { lockState, lines, clock, lock, join, answers } = open();
    lock('ann');
    join(1, 'bob', 50);
    lockState.dispatch({ kind: 'unlock', path: p('f'), owner: 'ann', current: file('v0'), now: 2 });
    clock.pass(50);
    lines.serve();
    expect(answers.get(1)).toMatchObject({
      path: 'f',
      changed: false,
      error: { code: 'busy', message: 'The lock of f could not be had in time.' },
    });
  });

  test('with the lock, and hears nothing more', () => {
    const { lockState, lines, clock, lock, join, signals, told, codeOf, wakes } = open();
    lock('ann');
    const bob = join(1, 'bob', 5_000);
    join(2, 'cid');
    clock.pass(100);
    lockState.dispatch({ kind: 'unlock', path: p('f'), owner: 'ann', current: file('v0'), now: 2 });
    const granted = lockState.dispatch({ kind: 'grant', path: p('f'), now: 3 });
    if (granted.kind !== 'granted') throw new Error(granted.kind);
    expect(lines.takeGranted(granted)).toEqual([bob]);
    expect(lines.size).toBe(1);
    const before = wakes();
    clock.pass(5_000);
    signals.get(1)!.abort();
    expect(wakes()).toBe(before);
    lines.serve();
    expect([codeOf(1), told.get(1), told.get(2)]).toEqual([null, ['f 1'], ['f 2', 'f 1']]);
    expect(lines.takeGranted({ ...granted, lines: [99] })).toEqual([]);
  });

  test('because there is nothing to lock: the first only', () => {
    const { lines, lock, join, codeOf, inLine } = open();
    lock('ann');
    join(1, 'bob');
    join(2, 'cid');
    lines.refuseFirst(p('f'), new SyncError('not-found', 'Gone.'));
    expect([codeOf(1), codeOf(2), inLine()]).toEqual(['not-found', null, ['cid']]);
    lines.refuseFirst(p('g'), new SyncError('not-found', 'Gone.'));
    expect(codeOf(2)).toBe(null);
  });

  test('from a queue that the table no longer has', () => {
    const { lines, lock, inLine } = open();
    lock('ann');
    lock('bob', 7);
    expect(inLine()).toEqual(['bob']);
    lines.refuseFirst(p('f'), new SyncError('not-found', 'Gone.'));
    expect(inLine()).toEqual([]);
  });
});

test.each<[it: string, signal: AbortSignal | undefined, cancelled: boolean]>([
  ['no signal', undefined, false],
  ['a client that waits', new AbortController().signal, false],
  ['a client that has closed its connection', AbortSignal.abort(), false],
  ['a connection that closed with an error', AbortSignal.abort(new SyncError('closed', 'Gone.')), false],
  ['a client that cancelled', AbortSignal.abort(new SyncError('interrupted', 'Ctrl-C.')), true],
])('cancelled by %s: %s', (_, signal, cancelled) => {
  expect(isCancelled(signal)).toBe(cancelled);
});
