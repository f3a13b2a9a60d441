// The answers and errors for lock requests.

import { advise } from '../../core/advice.js';
import { SyncError } from '../../core/errors.js';
import { isoTime } from '../../core/iso-time.js';
import type { LockAnswer } from '../../core/locks/events.js';
import { heldSize } from '../../core/locks/held.js';
import type { Lock } from '../../core/locks/records.js';
import type { LockTable } from '../../core/locks/table.js';
import type { RelPath } from '../../core/path.js';
import { quote } from '../../core/path.js';
import type { Acted, HeldRow, LockInfo, LockRow, Refused } from '../../wire/client-api/methods.js';
import { hintText } from '../../wire/frame/errors.js';
import type { ServiceRequest } from './request.js';

type Refusal = LockAnswer & { readonly kind: 'refused' };

/** @param ms milliseconds since 1970. */
export const iso = isoTime;

/** @returns a lock as clients see it. */
export function lockInfo({ owner, side, since, expires, message, token, auto }: Lock): LockInfo {
  const lock = { owner, side, since: iso(since), expires: expires === null ? null : iso(expires), message, token };
  if (auto === undefined) return lock;
  const { app, account, away } = auto;
  return { ...lock, kind: 'auto', app, account, away: away === undefined ? null : iso(away) };
}

export function refused(path: string, error: Error): Refused {
  const refusal = error instanceof SyncError ? error : new SyncError('failed', error.message);
  const { code, message, advice, facts } = refusal;
  const lock = facts.lock as Refused['lock'];
  const said = { code, message, hint: hintText(refusal), ...(advice.length > 0 ? { advice } : {}) };
  return { path, changed: false, error: said, ...(lock === undefined ? {} : { lock }) };
}

/** @param note a note about a granted lock; empty where there is none. */
export function answered({ path, owner }: ServiceRequest, answer: LockAnswer, note = ''): Acted | Refused {
  if (answer.kind === 'granted') {
    const { lock, changed } = answer;
    return { path: lock.path, changed, ...lockInfo(lock), ...(note === '' ? {} : { note }) };
  }
  if (answer.kind === 'released') {
    const { owner: holder, held, becomes, reminder } = answer;
    const forced = holder === null || holder === owner ? {} : { by: owner };
    const fate = becomes === undefined ? {} : { becomes };
    const forgotten = reminder === undefined ? {} : { notify: false };
    return { path, changed: holder !== null, owner: holder ?? owner, held, ...fate, ...forced, ...forgotten };
  }
  if (answer.kind === 'refused') return reminded(refused(path, lockedBy(path, answer)), answer);
  if (answer.kind === 'later') {
    const { waiting } = answer;
    return reminded(refused(path, waiting === undefined ? stillDraining(path) : othersFirst(path, waiting)), answer);
  }
  return { path, changed: true };
}

/** Adds to a refusal whether its caller is told when the path is free. */
function reminded(refusal: Refused, { reminder }: LockAnswer & { kind: 'refused' | 'later' }): Refused {
  if (reminder === undefined) return refusal;
  const notify = reminder === 'set';
  const said = notify ? 'You are told when it is free.' : 'You are no longer told when it is free.';
  return { ...refusal, error: { ...refusal.error, message: [refusal.error.message, said].join(' ') }, notify };
}

/** @returns the result of asking a holder. */
export const askedFacts = (path: string, { owner, changed, agoMs }: LockAnswer & { kind: 'asked' }): Acted => ({
  path,
  changed,
  owner,
  ...(agoMs === undefined ? {} : { agoMs }),
});

/** The error for a released lock whose release could not be written. @param error why. */
export const unrecorded = (path: string, error: SyncError): SyncError =>
  new SyncError('failed', `${quote(path)} is unlocked, but that could not be written down: ${error.message}`, {
    advice: advise`Solve that, then unlock it again, or it is locked again after a restart: ${{ do: 'unlock', path }}`,
  });

/** The error for a path that another owner has locked. */
export function lockedBy(path: string, { lock, held, waiting = 0 }: Refusal): SyncError {
  const why = reasonOf(lock);
  const until = lock.expires === null ? '' : `, until ${iso(lock.expires)}`;
  const updates = held === 0 ? '' : `; ${held} update${held === 1 ? ' is' : 's are'} held`;
  const line = waiting === 0 ? '' : `; ${waiting} wait${waiting === 1 ? 's' : ''} for it`;
  return new SyncError(
    'locked',
    `${quote(path)} is locked by ${lock.owner} since ${iso(lock.since)}${until}${why}${updates}${line}.`,
    {
      advice: advise`Ask ${lock.owner} to unlock it with: ${{ do: 'ask', path }}`,
      facts: { lock: { ...lockInfo(lock), held, waiting } },
    },
  );
}

/** @returns why there is a lock, in brackets; '' where that is not known. */
function reasonOf({ message, auto, side }: Lock): string {
  const open =
    auto === undefined ? [] : [auto.app === null ? `in work on side ${side}` : `open in ${auto.app} on side ${side}`];
  const away = auto?.away === undefined ? [] : [`side ${side} is away`];
  const said = message === '' ? [] : [quote(message)];
  const reasons = [...open, ...away, ...said];
  return reasons.length === 0 ? '' : ` (${reasons.join(', ')})`;
}

const stillDraining = (path: string): SyncError =>
  new SyncError('busy', `The held updates of ${quote(path)} are still taking effect.`, {
    hint: 'Try again in a moment.',
  });

const othersFirst = (path: string, waiting: number): SyncError =>
  new SyncError('locked', `The lock of ${quote(path)} goes to who stands in line for it (${waiting}).`, {
    advice: advise`Stand in line too with: ${{ do: 'lock', files: path, wait: true }}`,
  });

export const stillComing = (path: string): SyncError =>
  new SyncError('busy', `A change of ${quote(path)} is still on its way.`, { hint: 'Try again when it has come.' });

export const tooMany = (most: number): SyncError =>
  new SyncError('busy', `More than ${most} wait for locks already.`, { hint: 'Try again later.' });

export const noLongerWaiting = (path: string): SyncError =>
  new SyncError('interrupted', `Nobody waits for the lock of ${quote(path)} any longer.`);

/**
 * @param appOf the program that has the document of a lock open on its side; null where none has.
 * @returns every lock, with the number of held updates and its waiters.
 */
export function lockRows(table: LockTable, appOf: (lock: Lock) => string | null): LockRow[] {
  const asked = askedByPath(table);
  return [...table.locks.values()].map((lock) => ({
    path: lock.path,
    kind: 'manual',
    app: appOf(lock),
    away: null,
    ...lockInfo(lock),
    held: table.heldOf(lock.path).length,
    waiting: table.waitersOf(lock.path).map(({ owner, since }) => ({ owner, since: iso(since) })),
    ...(asked.has(lock.path) ? { asked: asked.get(lock.path)! } : {}),
  }));
}

/** @returns who asks for which locks, of each path the first one first. */
function askedByPath({ askings }: LockTable): Map<RelPath, NonNullable<LockRow['asked']>> {
  const found = new Map<RelPath, NonNullable<LockRow['asked']>>();
  for (const { path, by, message, time } of askings.values())
    found.set(path, [...(found.get(path) ?? []), { by, message, time: iso(time) }]);
  return found;
}

/** @returns the held updates in order, of one path or (null) of all. */
export function heldRows(table: LockTable, only: RelPath | null): HeldRow[] {
  const queues = only === null ? [...table.held.values()] : [table.heldOf(only)];
  return queues.flatMap((queue) =>
    queue.map((update, at) => ({
      path: update.path,
      position: at + 1,
      action: update.action,
      size: heldSize(update),
      received: iso(update.received),
      base: update.base?.type === 'file' ? update.base.hash : null,
    })),
  );
}
