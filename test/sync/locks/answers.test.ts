// The answers to lock requests, as text and as fields.

import { expect, test } from 'vitest';
import { advise } from '../../../src/core/advice.js';
import { SyncError } from '../../../src/core/errors.js';
import type { LockAnswer } from '../../../src/core/locks/events.js';
import type { Lock } from '../../../src/core/locks/records.js';
import { answered, lockedBy, lockInfo, refused } from '../../../src/sync/locks/answers.js';
import type { ServiceRequest } from '../../../src/sync/locks/request.js';
import { p } from '../../support/disk-site.js';

const LOCK: Lock = { path: p('f'), owner: 'ann', side: 'a', since: 1_000, expires: null, message: '', token: 3 };
const INFO = { owner: 'ann', side: 'a', since: '1970-01-01T00:00:01.000Z', expires: null, message: '', token: 3 };
const ASK: ServiceRequest = { kind: 'unlock', path: p('f'), owner: 'ann', side: 'a', message: '' };

test.each<[it: string, answer: LockAnswer, owner: string, note: string, given: object]>([
  ['granted', { kind: 'granted', lock: LOCK, changed: true }, 'ann', '', { path: 'f', changed: true, ...INFO }],
  [
    'granted, with a note',
    { kind: 'granted', lock: LOCK, changed: false },
    'ann',
    'Away.',
    { path: 'f', changed: false, ...INFO, note: 'Away.' },
  ],
  [
    'released',
    { kind: 'released', owner: 'ann', held: 2 },
    'ann',
    '',
    { path: 'f', changed: true, owner: 'ann', held: 2 },
  ],
  [
    'released by another',
    { kind: 'released', owner: 'ann', held: 0 },
    'bob',
    '',
    { path: 'f', changed: true, owner: 'ann', held: 0, by: 'bob' },
  ],
  [
    'held by nobody',
    { kind: 'released', owner: null, held: 0 },
    'bob',
    '',
    { path: 'f', changed: false, owner: 'bob', held: 0 },
  ],
  [
    'released, with what becomes of it',
    { kind: 'released', owner: 'ann', held: 1, becomes: 'applied' as never },
    'ann',
    '',
    { path: 'f', changed: true, owner: 'ann', held: 1, becomes: 'applied' },
  ],
  ['noted', { kind: 'noted' }, 'ann', '', { path: 'f', changed: true }],
])('%s', (_, answer, owner, note, given) => {
  expect(answered({ ...ASK, owner }, answer, note)).toEqual(given);
});

test.each<[answer: LockAnswer, code: string, words: RegExp]>([
  [{ kind: 'later' }, 'busy', /held updates of "f" are still taking effect/],
  [{ kind: 'later', waiting: 2 }, 'locked', /stands in line for it \(2\)/],
  [{ kind: 'refused', lock: LOCK, held: 0 }, 'locked', /^"f" is locked by ann since 1970-01-01T00:00:01\.000Z\.$/],
])('%j is refused', (answer, code, words) => {
  expect(answered(ASK, answer)).toMatchObject({
    path: 'f',
    changed: false,
    error: { code, message: expect.stringMatching(words), hint: expect.stringMatching(/./) },
  });
});

test.each<[held: number, waiting: number | undefined, more: Partial<Lock>, words: string]>([
  [0, 0, {}, '.'],
  [1, undefined, {}, '; 1 update is held.'],
  [2, 1, {}, '; 2 updates are held; 1 waits for it.'],
  [0, 2, { message: 'why' }, ' ("why"); 2 wait for it.'],
  [0, 0, { expires: 2_000 }, ', until 1970-01-01T00:00:02.000Z.'],
])('another’s lock: %d held, %s waiting, %j', (held, waiting, more, words) => {
  const lock = { ...LOCK, ...more };
  const error = lockedBy('f', { kind: 'refused', lock, held, ...(waiting === undefined ? {} : { waiting }) });
  expect(error.message).toBe(`"f" is locked by ann since 1970-01-01T00:00:01.000Z${words}`);
  expect(error.facts?.lock).toEqual({ ...lockInfo(lock), held, waiting: waiting ?? 0 });
  expect(refused('f', error)).toMatchObject({ lock: { owner: 'ann', held } });
});

test('a refusal says its advice in words and as steps', () => {
  const advice = advise`See: ${{ do: 'locks' }}`;
  expect(refused('f', new SyncError('locked', 'No.', { advice }))).toEqual({
    path: 'f',
    changed: false,
    error: { code: 'locked', message: 'No.', hint: 'See: client locks', advice },
  });
});

test('a refusal without a lock names none', () => {
  expect(refused('f', new SyncError('busy', 'Busy.'))).toEqual({
    path: 'f',
    changed: false,
    error: { code: 'busy', message: 'Busy.', hint: '' },
  });
});
