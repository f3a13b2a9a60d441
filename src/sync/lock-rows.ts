// The lock table as clients see it.
import { heldSize } from '../core/locks/held.js';
import type { LockTable } from '../core/locks/table.js';
import type { RelPath } from '../core/path.js';
import type { HeldRow, LockRow } from '../wire/client-api/methods.js';
import { iso, lockInfo } from './locks/answers.js';

/** @returns every lock, with what it holds back. */
export function lockRows(table: LockTable): LockRow[] {
  return [...table.locks.values()].map((lock) => ({
    path: lock.path,
    ...lockInfo(lock),
    held: table.heldOf(lock.path).length,
    waiting: table.waitersOf(lock.path).map(({ owner, since }) => ({ owner, since: iso(since) })),
  }));
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
