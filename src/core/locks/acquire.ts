// Requests for a lock: they are granted, join the queue, or break another's lock. And the grant to the first waiter.

import type { RelPath } from '../path.js';
import { type Decision, type LockRequest, lockedEvent, noted, refusal } from './events.js';
import { type AutoLock, commandName, isHolder, type Lock, type Row, type Waiter } from './records.js';
import { breakLock } from './release.js';
import { reminderEnds, reminding } from './remind.js';
import type { LockTable } from './table.js';

/** Decides about a request for a lock. */
export function takeLock(table: LockTable, request: LockRequest): Decision {
  const { path, owner, now } = request;
  const holder = table.locks.get(path);
  if (holder !== undefined && isHolder(holder, owner)) return renew(table, request, holder);
  if (holder === undefined && !table.drains.has(path) && table.waitersOf(path).length === 0) {
    return granting(table, request, now, []);
  }
  if (holder !== undefined && request.steal === true) return steal(table, request, holder);
  if (request.line !== undefined) return enqueue(table, request, request.line, request.line);
  const waiting = table.waitersOf(path).length;
  const later = table.drains.has(path) ? ({ kind: 'later' } as const) : ({ kind: 'later', waiting } as const);
  const answer = refusal(table, path) ?? later;
  if (request.notify !== true) return { rows: [], answer, events: [] };
  return { rows: reminding(table, path, owner, now), answer: { ...answer, reminder: 'set' }, events: [] };
}

/**
 * Renews a lock of the same owner. A message or duration that is not given stays as it was. A request by hand makes an
 * automatic lock one that was taken by hand; an automatic request leaves such a lock as it is.
 */
function renew(table: LockTable, request: LockRequest, holder: Lock): Decision {
  if (request.auto !== undefined) return keepOpen(holder, request.auto, request.side);
  const { auto, ...manual } = holder;
  const wasAuto = auto !== undefined;
  const { ttlMs, message, owner, now } = request;
  const time = ttlMs ?? (wasAuto ? undefined : holder.ttlMs);
  const { ttlMs: _former, ...kept } = manual;
  const lock: Lock = {
    ...kept,
    owner: wasAuto ? owner : holder.owner,
    message: message === '' ? holder.message : message,
    ...lasting(time, now),
  };
  const lines = linesOf(table, lock);
  const rows: Row[] = [{ table: 'lock', key: lock.path, value: lock }, ...leaving(lines)];
  return { rows, answer: { kind: 'granted', lock, changed: false, lines }, events: [] };
}

/** The document is open, also after its side was away: an automatic lock of that side goes on. */
function keepOpen(holder: Lock, auto: AutoLock, side: Lock['side']): Decision {
  if (holder.auto === undefined || holder.side !== side)
    return { rows: [], answer: granted(holder, false), events: [] };
  const { ttlMs: _grace, ...kept } = holder;
  const lock: Lock = { ...kept, expires: null, auto };
  return { rows: [{ table: 'lock', key: lock.path, value: lock }], answer: granted(lock, false), events: [] };
}

const granted = (lock: Lock, changed: boolean) => ({ kind: 'granted', lock, changed }) as const;

/** What a grant needs: a request has it, and so has a waiter. */
type GrantTerms = Pick<LockRequest & Waiter, 'path' | 'owner' | 'side' | 'message'> & {
  readonly ttlMs?: number;
  readonly auto?: AutoLock;
};

function granting(table: LockTable, terms: GrantTerms, now: number, before: Decision['rows']): Decision {
  const { path, owner, side, message, ttlMs, auto } = terms;
  const token = table.counter('token') + 1;
  const automatic = auto === undefined ? {} : { auto };
  const lock: Lock = { path, owner, side, since: now, message, token, ...lasting(ttlMs, now), ...automatic };
  const lines = linesOf(table, lock);
  return {
    rows: [
      ...before,
      { table: 'counter', key: 'token', value: token },
      { table: 'lock', key: path, value: lock },
      ...leaving(lines),
      ...reminderEnds(table, path, commandName(lock)),
    ],
    answer: { kind: 'granted', lock, changed: true, lines },
    events: [lockedEvent(lock)],
  };
}

const lasting = (ttlMs: number | undefined, now: number): Pick<Lock, 'expires' | 'ttlMs'> =>
  ttlMs === undefined ? { expires: null } : { expires: now + ttlMs, ttlMs };

/** @returns the waiters of the owner who now holds the lock; they leave the queue. */
const linesOf = (table: LockTable, { path, owner }: Lock): number[] =>
  table.waitersOf(path).flatMap((waiter) => (waiter.owner === owner ? waiter.id : []));

const leaving = (lines: readonly number[]): Row[] =>
  lines.map((id) => ({ table: 'waiter', key: String(id), value: null }));

/**
 * Breaks a lock and takes it in one step. If updates are held, they take effect first: the request joins the queue
 * before all others.
 */
function steal(table: LockTable, request: LockRequest, holder: Lock): Decision {
  const { current = null, now, owner, line } = request;
  const broken = breakLock(table, holder, { by: owner, reason: 'stolen', current, now });
  if (table.heldOf(holder.path).length === 0) {
    const taken = granting(table, request, now, broken.rows);
    return { ...taken, events: [...broken.events, ...taken.events] };
  }
  if (line === undefined) return { ...broken, answer: { kind: 'later' } };
  const { rows, answer } = enqueue(table, request, line, -line);
  return { rows: [...broken.rows, ...rows], answer, events: broken.events };
}

function enqueue(table: LockTable, { path, owner, side, message, ttlMs, now }: LockRequest, id: number, order: number) {
  const lasts = ttlMs === undefined ? {} : { ttlMs };
  const waiter: Waiter = { id, path, owner, side, message, since: now, order, ...lasts };
  const position = table.waitersOf(path).findLastIndex((other) => other.order < order) + 2;
  const rows: Row[] = [{ table: 'waiter', key: String(id), value: waiter }];
  return {
    rows,
    answer: { kind: 'queued', line: id, position },
    events: [{ event: 'waiting', path, owner, position }],
  } as const;
}

/** Grants a free path that is not draining to its first waiter. */
export function grantNext(table: LockTable, path: RelPath, now: number): Decision {
  const [first] = table.waitersOf(path);
  if (first === undefined || table.locks.has(path) || table.drains.has(path)) return noted([]);
  return granting(table, first, now, []);
}

/** Somebody in line does not wait any longer. The path can have changed since: a lock moves with its file. */
export function leaveLine(table: LockTable, line: number): Decision {
  const waiter = table.waiter(line);
  if (waiter === null) return noted([]);
  return noted(leaving([line]), [{ event: 'left', path: waiter.path, owner: waiter.owner }]);
}
