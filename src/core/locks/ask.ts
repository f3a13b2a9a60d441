// Asking the holder of a lock to unlock it. He is told once; what he was not told when the lock ends is forgotten.

import type { RelPath } from '../path.js';
import type { Decision, LockEvent } from './events.js';
import { type Asking, commandName, isHolder, personKey, type Row } from './records.js';
import type { LockTable } from './table.js';

/** The same person asks for the same path at most this often, in milliseconds. */
const ASK_MS = 60_000;
/** The number of askings that are kept; the oldest are dropped. */
const MAX_ASKINGS = 1_000;

/** Decides about a request to the holder. The table has not changed where nobody else holds the lock, or too soon. */
export function askHolder(table: LockTable, { path, by, message, now }: LockEvent & { kind: 'ask' }): Decision {
  const lock = table.locks.get(path);
  if (lock === undefined) return unchanged({ owner: null });
  const { owner } = lock;
  if (isHolder(lock, by)) return unchanged({ owner: by });
  const key = personKey(path, by);
  const before = table.askings.get(key);
  const agoMs = before === undefined ? Number.POSITIVE_INFINITY : now - before.time;
  // A clock that was set back lets the next one through.
  if (agoMs >= 0 && agoMs < ASK_MS) return unchanged({ owner, agoMs });
  const value: Asking = { path, owner: commandName(lock), by, message, time: now, told: false };
  return {
    rows: [...(before === undefined ? makingRoom(table) : []), { table: 'asking', key, value }],
    answer: { kind: 'asked', owner, changed: true },
    events: [{ event: 'asked', path, owner, by, message }],
  };
}

const unchanged = (facts: { readonly owner: string | null; readonly agoMs?: number }): Decision => ({
  rows: [],
  answer: { kind: 'asked', changed: false, ...facts },
  events: [],
});

function makingRoom({ askings }: LockTable): Row[] {
  const [oldest] = askings.keys();
  if (oldest === undefined || askings.size < MAX_ASKINGS) return [];
  return [{ table: 'asking', key: oldest, value: null }];
}

/** @returns the rows for a lock on `path` that ends. */
export const askingsEnd = (table: LockTable, path: RelPath): Row[] =>
  askingsFor(table, path).map(([key]) => ({ table: 'asking', key, value: null }));

/** @returns the rows for a lock that moves with its file. */
export const askingsMove = (table: LockTable, path: RelPath, to: RelPath): Row[] =>
  askingsFor(table, path).flatMap(([key, asking]): Row[] => [
    { table: 'asking', key, value: null },
    { table: 'asking', key: personKey(to, asking.by), value: { ...asking, path: to } },
  ]);

const askingsFor = ({ askings }: LockTable, path: RelPath): [string, Asking][] =>
  [...askings].filter(([, asking]) => asking.path === path);

/** @returns what `owner` has not been told yet, the oldest first. */
export const untoldAskings = ({ askings }: LockTable, owner: string): Asking[] =>
  [...askings.values()].filter((asking) => asking.owner === owner && !asking.told);

/** @returns the rows that note that the holder has been told. */
export const askingTold = (asking: Asking): Row => ({
  table: 'asking',
  key: personKey(asking.path, asking.by),
  value: { ...asking, told: true },
});
