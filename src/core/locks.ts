// Locks and held updates as one pure state machine: `decide` reads the table and answers with the rows to write, an
// answer for whoever asked, and what is to be said. `table.record(rows)` makes it so.
//
// Life of a path: free → locked (updates of the other side are held, in order) → draining (they take effect one by one)
// → free. Waiters, expiry and breaking a lock are further events of the same machine.
import type { Action } from './change.js';
import { type Entry, sameContent, sameEntry, sizeOf } from './entry.js';
import type { SyncEvent } from './events.js';
import type { Drain, HeldUpdate, Lock, LockTable, Row } from './lock-table.js';
import type { RelPath, Side } from './path.js';

/** What can happen to the table. `now` is milliseconds since 1970. */
export type LockEvent =
  | {
      readonly kind: 'lock';
      readonly path: RelPath;
      readonly owner: string;
      readonly side: Side;
      readonly message: string;
      readonly now: number;
    }
  /** `current` is what the holder's side has at the path now. */
  | { readonly kind: 'unlock'; readonly path: RelPath; readonly owner: string; readonly current: Entry | null }
  | {
      readonly kind: 'hold';
      readonly path: RelPath;
      readonly base: Entry | null;
      readonly after: Entry | null;
      readonly file: string | null;
      readonly now: number;
    }
  /** The first held update of a draining path has taken effect, or was put aside. */
  | { readonly kind: 'drained'; readonly path: RelPath; readonly applied: boolean }
  /** Both sides agree again on a path whose holder's version was to be kept. */
  | { readonly kind: 'settled'; readonly path: RelPath };

/** What whoever asked is told. */
export type LockAnswer =
  | { readonly kind: 'granted'; readonly lock: Lock; readonly changed: boolean }
  | { readonly kind: 'released'; readonly owner: string | null; readonly held: number }
  | { readonly kind: 'refused'; readonly lock: Lock; readonly held: number }
  /** The path is draining; ask again when that is over. */
  | { readonly kind: 'later' }
  | { readonly kind: 'noted' };

/** The outcome of an event: rows to write, in order, what to answer, what to say. */
export interface Decision {
  readonly rows: readonly Row[];
  readonly answer: LockAnswer;
  readonly events: readonly SyncEvent[];
}

/** Decides what `event` does to `table`. Pure; `table.record(decision.rows)` makes it so. */
export function decide(table: LockTable, event: LockEvent): Decision {
  switch (event.kind) {
    case 'lock':
      return lock(table, event);
    case 'unlock':
      return unlock(table, event);
    case 'hold':
      return hold(table, event);
    case 'drained':
      return drained(table, event.path, event.applied);
    case 'settled':
      return noted([{ table: 'preference', key: event.path, value: null }]);
  }
}

const noted = (rows: readonly Row[], events: readonly SyncEvent[] = []): Decision => ({
  rows,
  answer: { kind: 'noted' },
  events,
});

function lock(table: LockTable, event: LockEvent & { kind: 'lock' }): Decision {
  const { path, owner, side, message, now } = event;
  if (table.drains.has(path)) return { rows: [], answer: { kind: 'later' }, events: [] };
  const holder = table.locks.get(path);
  if (holder !== undefined && holder.owner !== owner) {
    return { rows: [], answer: { kind: 'refused', lock: holder, held: table.heldOf(path).length }, events: [] };
  }
  if (holder !== undefined) {
    const renewed: Lock = { ...holder, message: message === '' ? holder.message : message };
    const rows: Row[] = [{ table: 'lock', key: path, value: renewed }];
    return { rows, answer: { kind: 'granted', lock: renewed, changed: false }, events: [] };
  }
  const token = table.counter('token') + 1;
  const granted: Lock = { path, owner, side, since: now, expires: null, message, token };
  return {
    rows: [
      { table: 'counter', key: 'token', value: token },
      { table: 'lock', key: path, value: granted },
    ],
    answer: { kind: 'granted', lock: granted, changed: true },
    events: [{ event: 'locked', path, owner, side }],
  };
}

function unlock(table: LockTable, { path, owner, current }: LockEvent & { kind: 'unlock' }): Decision {
  const holder = table.locks.get(path);
  const updates = table.heldOf(path);
  if (holder === undefined) return { rows: [], answer: { kind: 'released', owner: null, held: 0 }, events: [] };
  if (holder.owner !== owner) {
    return { rows: [], answer: { kind: 'refused', lock: holder, held: updates.length }, events: [] };
  }
  const rows: Row[] = [{ table: 'lock', key: path, value: null }];
  if (updates.length > 0) rows.push(...startDrain(path, holder.side, updates, current));
  return {
    rows,
    answer: { kind: 'released', owner, held: updates.length },
    events: [{ event: 'unlocked', path, owner, by: owner, reason: 'released' }],
  };
}

/** The held updates follow if the first was made on what the holder's side still has; else the holder's version stays. */
function startDrain(path: RelPath, side: Side, updates: readonly HeldUpdate[], current: Entry | null): Row[] {
  const mode = sameContent(updates[0]!.base, current) ? 'apply' : 'keep';
  const drain: Drain = { path, side, mode, of: updates.length, applied: 0 };
  const rows: Row[] = [{ table: 'drain', key: path, value: drain }];
  if (mode === 'keep') rows.push({ table: 'preference', key: path, value: { path, side } });
  return rows;
}

function hold(table: LockTable, event: LockEvent & { kind: 'hold' }): Decision {
  const { path, base, after, file, now } = event;
  const id = table.counter('held') + 1;
  const action = actionOf(base, after);
  const update: HeldUpdate = { id, path, action, received: now, base, after, file };
  const position = table.heldOf(path).length + 1;
  return noted(
    [
      { table: 'counter', key: 'held', value: id },
      { table: 'held', key: String(id), value: update },
    ],
    [{ event: 'held', path, action, position }],
  );
}

function drained(table: LockTable, path: RelPath, applied: boolean): Decision {
  const drain = table.drains.get(path);
  const [first, ...rest] = table.heldOf(path);
  if (drain === undefined || first === undefined) return noted([{ table: 'drain', key: path, value: null }]);
  const position = drain.of - rest.length;
  return noted(
    [
      { table: 'held', key: String(first.id), value: null },
      { table: 'drain', key: path, value: rest.length === 0 ? null : { ...drain, applied: position } },
    ],
    applied ? [{ event: 'applied', path, action: first.action, position, of: drain.of }] : [],
  );
}

/** @returns what turned `base` into `after`. */
export function actionOf(base: Entry | null, after: Entry | null): Action {
  if (base === null) return 'created';
  if (after === null) return 'deleted';
  return sameContent(base, after) ? 'metadata' : 'modified';
}

/**
 * Whether the other side's present entry at a locked path is an arrival: something that neither the pair nor the queue knows yet.
 * @param shared what both sides last shared there.
 * @returns what it was made on, or null where it is nothing new.
 */
export function arrivalOn(
  table: LockTable,
  path: RelPath,
  shared: Entry | null,
  present: Entry | null,
): { readonly base: Entry | null } | null {
  const last = table.heldOf(path).at(-1);
  const known = last === undefined ? shared : last.after;
  return sameEntry(known, present) ? null : { base: known };
}

/** @returns the size in bytes of what a held update brings. */
export const heldSize = (update: HeldUpdate): number => sizeOf(update.after);
