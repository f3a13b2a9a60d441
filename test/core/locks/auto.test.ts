import { describe, expect, test } from 'vitest';
import type { LockEvent } from '../../../src/core/locks/events.js';
import type { AutoLock, Lock } from '../../../src/core/locks/records.js';
import type { LockTable } from '../../../src/core/locks/table.js';
import type { RelPath, Side } from '../../../src/core/path.js';
import { file, lockOf, play } from '../../support/core/lock-events.js';

const P = 'plan.odt' as RelPath;
const WRITER: AutoLock = { app: 'LibreOffice', account: 'ann@pc' };

const ask = lockOf(P);
const opened = (owner: string, side: Side = 'a', auto = WRITER): LockEvent => ask(owner, { side, auto });
const close = (token: number): LockEvent => ({ kind: 'close', path: P, token, current: file('v0'), now: 2000 });
const away: LockEvent = { kind: 'away', path: P, graceMs: 500, now: 3000 };
const unlock = (owner: string): LockEvent => ({ kind: 'unlock', path: P, owner, current: file('v0'), now: 4000 });
const hold: LockEvent = { kind: 'hold', path: P, base: file('v0'), after: file('v1'), file: 'x', now: 1500 };

function playAuto(...events: LockEvent[]): { lock: Lock | null; said: string[]; answer: string; table: LockTable } {
  const { table, last } = play(...events);
  const said = last.events.map((event) =>
    event.event === 'locked' ? `locked ${event.owner} ${event.kind ?? 'by hand'} ${event.app ?? '-'}` : event.event,
  );
  return { lock: table.locks.get(P) ?? null, said, answer: last.answer.kind, table };
}

describe('a lock that takes itself', () => {
  test('is granted for an open document, and says the program', () => {
    const { lock, said } = playAuto(opened('Ann'));
    expect(lock).toMatchObject({ owner: 'Ann', side: 'a', expires: null, auto: WRITER });
    expect(said).toEqual(['locked Ann auto LibreOffice']);
  });

  test('is refused where another holds the lock', () => {
    const { lock, answer } = playAuto(ask('bob'), opened('Ann'));
    expect(lock).toMatchObject({ owner: 'bob' });
    expect(lock).not.toHaveProperty('auto');
    expect(answer).toBe('refused');
  });

  test('is not granted before those who stand in line', () => {
    expect(playAuto(ask('bob'), ask('carl', { line: 1 }), unlock('bob'), opened('Ann')).answer).toBe('later');
  });

  test('keeps out another who asks by hand', () => {
    expect(playAuto(opened('Ann'), ask('bob'))).toMatchObject({ answer: 'refused', lock: { owner: 'Ann' } });
  });

  test.each(['Ann', 'ann@pc'])('becomes one that was taken by hand when %s asks for it', (owner) => {
    const { lock, answer } = playAuto(opened('Ann'), ask(owner, { message: 'mine' }));
    expect(lock).toEqual({ path: P, owner, side: 'a', since: 1000, expires: null, message: 'mine', token: 1 });
    expect(answer).toBe('granted');
  });

  test('leaves a lock that its owner took by hand as it is', () => {
    const { lock } = playAuto(ask('ann@pc', { ttlMs: 9 }), opened('ann@pc'));
    expect(lock).toMatchObject({ expires: 1009 });
    expect(lock).not.toHaveProperty('auto');
  });

  test.each(['Ann', 'ann@pc'])('can be released by hand by %s', (owner) => {
    expect(playAuto(opened('Ann'), unlock(owner))).toMatchObject({ lock: null, answer: 'released' });
  });

  test('ends when its document is closed, and held updates take effect', () => {
    const { lock, said, table } = playAuto(opened('Ann'), hold, close(1));
    expect(lock).toBeNull();
    expect(said).toEqual(['unlocked']);
    expect(table.drains.get(P)).toMatchObject({ mode: 'apply', side: 'a' });
  });

  test('does not end by an earlier closing', () => {
    expect(playAuto(opened('Ann'), close(1), opened('Ann'), close(1)).lock).toMatchObject({ token: 2 });
  });

  test('does not end by closing once it was taken by hand', () => {
    expect(playAuto(opened('Ann'), ask('Ann'), close(1)).lock).toMatchObject({ owner: 'Ann' });
  });

  test('gets an end while its side is away, once', () => {
    const { lock } = playAuto(opened('Ann', 'b'), away, { ...away, now: 3300 });
    expect(lock).toMatchObject({ expires: 3500, ttlMs: 500, auto: { away: 3000 } });
  });

  test('has no end any more when its side is back with the document open', () => {
    const { lock } = playAuto(opened('Ann', 'b'), away, opened('Ann', 'b'));
    expect(lock).toMatchObject({ expires: null, auto: WRITER, token: 1 });
    expect(lock).not.toHaveProperty('ttlMs');
    expect(lock?.auto).not.toHaveProperty('away');
  });

  test('stays with the side that had it first', () => {
    expect(playAuto(opened('Ann', 'b'), opened('Ann', 'a')).lock).toMatchObject({ side: 'b' });
  });

  test('has no end any more when its owner takes it by hand while the side is away', () => {
    const { lock } = playAuto(opened('Ann', 'b'), away, ask('ann@pc'));
    expect(lock).toMatchObject({ owner: 'ann@pc', side: 'b', expires: null });
  });

  test('does not give a lock that was taken by hand an end', () => {
    expect(playAuto(ask('ann@pc', { side: 'b' }), away).lock).toMatchObject({ expires: null });
  });

  test('is told under the name of the account when it expires', () => {
    const { table } = playAuto(opened('Ann', 'b'), away, {
      kind: 'expire',
      path: P,
      expires: 3500,
      current: null,
      now: 3500,
    });
    expect(table.noticesOf('ann@pc')).toMatchObject([{ reason: 'expired', path: P }]);
  });
});
