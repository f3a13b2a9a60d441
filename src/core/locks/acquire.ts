// Taking a lock: at once, in line, or by breaking another's. And whose turn it is when one is free.

import type { RelPath } from '../path.js';
import { type Decision, type LockRequest, noted, refusal } from './events.js';
import type { Lock, Row, Waiter } from './records.js';
import { breakLock } from './release.js';
import type { LockTable } from './table.js';

/** Decides on somebody who wants a lock. */
export function takeLock(table: LockTable, ask: LockRequest): Decision {
  const { path, owner, now } = ask;
  const holder = table.locks.get(path);
  if (holder?.owner === owner) return renew(table, ask, holder);
  if (holder === undefined && !table.drains.has(path) && table.waitersOf(path).length === 0) {
    return granting(table, ask, now, []);
  }
  if (holder !== undefined && ask.steal === true) return steal(table, ask, holder);
  if (ask.line !== undefined) return inLine(table, ask, ask.line, ask.line);
  const waiting = table.waitersOf(path).length;
  const later = table.drains.has(path) ? ({ kind: 'later' } as const) : ({ kind: 'later', waiting } as const);
  return { rows: [], answer: refusal(table, path) ?? later, events: [] };
}

/** The same lock for as long again, or as newly said: what is not said anew stays. */
function renew(table: LockTable, { ttlMs, message, now }: LockRequest, holder: Lock): Decision {
  const time = ttlMs ?? holder.ttlMs;
  const lock: Lock = { ...holder, message: message === '' ? holder.message : message, ...lasting(time, now) };
  const lines = linesOf(table, lock);
  const rows: Row[] = [{ table: 'lock', key: lock.path, value: lock }, ...leaving(lines)];
  return { rows, answer: { kind: 'granted', lock, changed: false, lines }, events: [] };
}

/** What a new lock is made from: a request, or a place in line. */
type Wish = Pick<LockRequest & Waiter, 'path' | 'owner' | 'side' | 'message'> & { readonly ttlMs?: number };

function granting(table: LockTable, wish: Wish, now: number, before: Decision['rows']): Decision {
  const { path, owner, side, message, ttlMs } = wish;
  const token = table.counter('token') + 1;
  const lock: Lock = { path, owner, side, since: now, message, token, ...lasting(ttlMs, now) };
  const lines = linesOf(table, lock);
  return {
    rows: [
      ...before,
      { table: 'counter', key: 'token', value: token },
      { table: 'lock', key: path, value: lock },
      ...leaving(lines),
    ],
    answer: { kind: 'granted', lock, changed: true, lines },
    events: [{ event: 'locked', path, owner, side }],
  };
}

const lasting = (ttlMs: number | undefined, now: number): Pick<Lock, 'expires' | 'ttlMs'> =>
  ttlMs === undefined ? { expires: null } : { expires: now + ttlMs, ttlMs };

/** Those in line under the holder's own name wait for nothing any more: locking what one holds renews it. */
const linesOf = (table: LockTable, { path, owner }: Lock): number[] =>
  table.waitersOf(path).flatMap((waiter) => (waiter.owner === owner ? waiter.id : []));

const leaving = (lines: readonly number[]): Row[] =>
  lines.map((id) => ({ table: 'waiter', key: String(id), value: null }));

/**
 * Break and take in one step. Where updates were held they take effect first, so the thief gets the lock from the head of
 * the line, which nobody can come before.
 */
function steal(table: LockTable, ask: LockRequest, holder: Lock): Decision {
  const { current = null, now, owner, line } = ask;
  const broken = breakLock(table, holder, { by: owner, reason: 'stolen', current, now });
  if (table.heldOf(holder.path).length === 0) {
    const taken = granting(table, ask, now, broken.rows);
    return { ...taken, events: [...broken.events, ...taken.events] };
  }
  if (line === undefined) return { ...broken, answer: { kind: 'later' } };
  const { rows, answer } = inLine(table, ask, line, -line);
  return { rows: [...broken.rows, ...rows], answer, events: broken.events };
}

function inLine(table: LockTable, { path, owner, side, message, ttlMs, now }: LockRequest, id: number, order: number) {
  const lasts = ttlMs === undefined ? {} : { ttlMs };
  const waiter: Waiter = { id, path, owner, side, message, since: now, order, ...lasts };
  const position = table.waitersOf(path).filter((other) => other.order < order).length + 1;
  const rows: Row[] = [{ table: 'waiter', key: String(id), value: waiter }];
  return {
    rows,
    answer: { kind: 'queued', line: id, position },
    events: [{ event: 'waiting', path, owner, position }],
  } as const;
}

/** The path is free and settled: the first in line has the lock now. */
export function grantNext(table: LockTable, path: RelPath, now: number): Decision {
  const [first] = table.waitersOf(path);
  if (first === undefined || table.locks.has(path) || table.drains.has(path)) return noted([]);
  return granting(table, first, now, []);
}
