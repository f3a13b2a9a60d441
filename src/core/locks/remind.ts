// People who want to be told when a path is free. They stand in no line: each is told once, at the first moment that nobody
// holds the path, no held update of it is taking effect, and nobody waits for it; then it is anybody's.

import type { RelPath } from '../path.js';
import { type Decision, type LockEvent, noted } from './events.js';
import { personKey, type Reminder, type Row } from './records.js';
import type { LockTable } from './table.js';

/** The number of reminders that are kept; the oldest are dropped. */
const MAX_REMINDERS = 1_000;

/** @returns the rows to have `owner` told when `path` is free. */
export function reminding(table: LockTable, path: RelPath, owner: string, now: number): Row[] {
  const key = personKey(path, owner);
  const before = table.reminders.get(key);
  if (before?.free === null) return [];
  const value: Reminder = { path, owner, since: now, free: null };
  return [...(before === undefined ? makingRoom(table) : []), { table: 'reminder', key, value }];
}

function makingRoom({ reminders }: LockTable): Row[] {
  const [oldest] = reminders.keys();
  if (oldest === undefined || reminders.size < MAX_REMINDERS) return [];
  return [{ table: 'reminder', key: oldest, value: null }];
}

/** @returns the rows to have `owner` told no more; none where he was not to be told. */
export function reminderEnds({ reminders }: LockTable, path: RelPath, owner: string): Row[] {
  const key = personKey(path, owner);
  return reminders.has(key) ? [{ table: 'reminder', key, value: null }] : [];
}

/** @returns the rows for a lock that moves with its file. */
export const remindersMove = ({ reminders }: LockTable, path: RelPath, to: RelPath): Row[] =>
  [...reminders]
    .filter(([, reminder]) => reminder.path === path && reminder.free === null)
    .flatMap(([key, reminder]): Row[] => [
      { table: 'reminder', key, value: null },
      { table: 'reminder', key: personKey(to, reminder.owner), value: { ...reminder, path: to } },
    ]);

/** @returns the paths that are free while somebody wants to be told of it. */
export function freedPaths(table: LockTable): RelPath[] {
  const paths = new Set<RelPath>();
  for (const { path, free } of table.reminders.values()) if (free === null && isFree(table, path)) paths.add(path);
  return [...paths];
}

const isFree = (table: LockTable, path: RelPath): boolean =>
  !table.locks.has(path) && !table.drains.has(path) && table.waitersOf(path).length === 0;

/** Tells everybody who wants to know that a path is free; nobody where it is not. */
export function tellFree(table: LockTable, { path, now }: LockEvent & { kind: 'free' }): Decision {
  if (!isFree(table, path)) return noted([]);
  const due = [...table.reminders].filter(([, reminder]) => reminder.path === path && reminder.free === null);
  return noted(
    due.map(([key, reminder]) => ({ table: 'reminder', key, value: { ...reminder, free: now } })),
    due.map(([, { owner }]) => ({ event: 'free', path, owner })),
  );
}

/** @returns what became free and `owner` has not been told at a command yet, the oldest first. */
export const untoldReminders = ({ reminders }: LockTable, owner: string): Reminder[] =>
  [...reminders.values()].filter((reminder) => reminder.owner === owner && reminder.free !== null);
