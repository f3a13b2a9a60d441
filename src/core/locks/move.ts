// Moves a lock with the file that its owner renames: the same lock and token under the new path, with its held updates
// in order and its waiters.
import type { SyncEvent } from '../events.js';
import type { RelPath } from '../path.js';
import { askingsEnd, askingsMove } from './ask.js';
import { type Decision, lockedEvent, noted } from './events.js';
import type { Row } from './records.js';
import { remindersMove } from './remind.js';
import type { LockTable } from './table.js';

/**
 * Whether the lock can move: nobody else may hold `to`, no update may be held there, and neither path may be draining.
 */
function canMove(table: LockTable, path: RelPath, to: RelPath): boolean {
  if (path === to || table.drains.has(path) || table.drains.has(to) || table.heldOf(to).length > 0) return false;
  const there = table.locks.get(to);
  return there === undefined || there.owner === table.locks.get(path)?.owner;
}

/** Moves the lock, if `canMove` allows it. A lock of the same owner on the file that is replaced at `to` ends. */
export function moveLock(table: LockTable, path: RelPath, to: RelPath): Decision {
  const lock = table.locks.get(path);
  if (lock === undefined || !canMove(table, path, to)) return noted([]);
  const replaced = table.locks.get(to);
  const rows: Row[] = [
    { table: 'lock', key: path, value: null },
    { table: 'lock', key: to, value: { ...lock, path: to } },
  ];
  for (const update of table.heldOf(path)) {
    rows.push({ table: 'held', key: String(update.id), value: { ...update, path: to } });
  }
  for (const waiter of table.waitersOf(path)) {
    rows.push({ table: 'waiter', key: String(waiter.id), value: { ...waiter, path: to } });
  }
  if (replaced !== undefined) rows.push(...askingsEnd(table, to));
  rows.push(...askingsMove(table, path, to), ...remindersMove(table, path, to));
  const { owner } = lock;
  const by = owner;
  const ended = (at: RelPath, whose: string): SyncEvent => ({
    event: 'unlocked',
    path: at,
    owner: whose,
    by,
    reason: 'released',
  });
  const events = replaced === undefined ? [] : [ended(to, replaced.owner)];
  return noted(rows, [...events, ended(path, owner), lockedEvent({ ...lock, path: to })]);
}
