// The end of a lock: released, forced, stolen or expired. Its held updates begin to take effect, and an owner who did
// not release it himself gets a notice at his next command.

import type { Entry } from '../entry.js';
import { sameContent } from '../entry.js';
import type { SyncEvent } from '../events.js';
import type { RelPath, Side } from '../path.js';
import { askingsEnd } from './ask.js';
import { type Decision, type LockEvent, noted, refusal } from './events.js';
import {
  commandName,
  type Drain,
  type HeldFate,
  type HeldUpdate,
  type HeldWay,
  isHolder,
  type Lock,
  type Notice,
  type Preference,
  type Row,
} from './records.js';
import { reminderEnds } from './remind.js';
import type { LockTable } from './table.js';

/** The number of stored notices; the oldest are dropped. */
const MAX_NOTICES = 1_000;

/** Decides about an unlock, by the owner or with force. */
export function endLock(table: LockTable, event: LockEvent & { kind: 'unlock' }): Decision {
  const { path, owner, current, force = false, held = 'apply', now } = event;
  const holder = table.locks.get(path);
  const isOwn = holder !== undefined && isHolder(holder, owner);
  if (holder === undefined || (!isOwn && !force)) return nothingEnds(table, path, owner);
  const reason = isOwn ? 'released' : 'forced';
  const updates = table.heldOf(path);
  const becomes = updates.length === 0 ? {} : { becomes: heldFate(updates, current, held) };
  return {
    ...breakLock(table, holder, { by: owner, reason, current, held, now }),
    answer: { kind: 'released', owner: holder.owner, held: updates.length, ...becomes },
  };
}

/** Who unlocks what he does not hold is no longer told when it is free. */
function nothingEnds(table: LockTable, path: RelPath, owner: string): Decision {
  const rows = reminderEnds(table, path, owner);
  const answer = refusal(table, path) ?? ({ kind: 'released', owner: null, held: 0 } as const);
  return { rows, answer: rows.length === 0 ? answer : { ...answer, reminder: 'gone' }, events: [] };
}

/** Ends an expired lock, unless it was renewed or replaced meanwhile. */
export function expireLock(table: LockTable, event: LockEvent & { kind: 'expire' }): Decision {
  const { path, expires, current, now } = event;
  const holder = table.locks.get(path);
  if (holder === undefined || holder.expires !== expires) return noted([]);
  const { rows, events } = breakLock(table, holder, { by: holder.owner, reason: 'expired', current, now });
  return noted(rows, events);
}

/** Ends an automatic lock whose document is closed, unless it was taken by hand or replaced meanwhile. */
export function closeLock(table: LockTable, event: LockEvent & { kind: 'close' }): Decision {
  const { path, token, current, now } = event;
  const holder = table.locks.get(path);
  if (holder?.auto === undefined || holder.token !== token) return noted([]);
  const { rows, events } = breakLock(table, holder, { by: holder.owner, reason: 'released', current, now });
  return noted(rows, events);
}

/** Gives an automatic lock an end, because its side is away. */
export function leaveLock(table: LockTable, event: LockEvent & { kind: 'away' }): Decision {
  const { path, graceMs, now } = event;
  const holder = table.locks.get(path);
  if (holder?.auto === undefined || holder.auto.away !== undefined) return noted([]);
  const auto = { ...holder.auto, away: now };
  const lock: Lock = { ...holder, auto, expires: now + graceMs, ttlMs: graceMs };
  return noted([{ table: 'lock', key: path, value: lock }]);
}

interface Breaking {
  readonly by: string;
  readonly reason: (SyncEvent & { event: 'unlocked' })['reason'];
  /** The present entry on the holder's side. */
  readonly current: Entry | null;
  readonly held?: HeldWay;
  readonly now: number;
}

/** Ends a lock; its held updates begin to take effect. */
export function breakLock(
  table: LockTable,
  lock: Lock,
  { by, reason, current, held = 'apply', now }: Breaking,
): Pick<Decision, 'rows' | 'events'> {
  const { path, owner, side } = lock;
  const updates = table.heldOf(path);
  const rows: Row[] = [{ table: 'lock', key: path, value: null }, ...askingsEnd(table, path)];
  if (updates.length > 0) rows.push(...startDrain(path, side, updates, current, held));
  if (reason !== 'released') rows.push(...noticing(table, { owner: commandName(lock), path, reason, by, time: now }));
  return { rows, events: [{ event: 'unlocked', path, owner, by, reason }] };
}

/**
 * The held updates are applied if the first is based on the holder's present content; otherwise the holder's content
 * stays.
 */
function startDrain(
  path: RelPath,
  side: Side,
  updates: readonly HeldUpdate[],
  current: Entry | null,
  held: HeldWay,
): Row[] {
  const areApplied = follows(updates, current, held);
  const mode = areApplied ? 'apply' : held === 'discard' ? 'discard' : 'keep';
  const drain: Drain = { path, side, mode, of: updates.length, applied: 0 };
  const rows: Row[] = [{ table: 'drain', key: path, value: drain }];
  if (areApplied) return rows;
  const last = updates.at(-1)?.after ?? null;
  const preference: Preference = { path, side, ...(held === 'apply' ? {} : { other: held, last }) };
  return [...rows, { table: 'preference', key: path, value: preference }];
}

function noticing(table: LockTable, fact: Omit<Notice, 'id'>): Row[] {
  const id = table.counter('notice') + 1;
  const rows: Row[] = [
    { table: 'counter', key: 'notice', value: id },
    { table: 'notice', key: String(id), value: { id, ...fact } },
  ];
  const [oldest] = table.notices.keys();
  if (oldest !== undefined && table.notices.size >= MAX_NOTICES) {
    rows.push({ table: 'notice', key: String(oldest), value: null });
  }
  return rows;
}

/** @returns whether the first update is based on `current`, the present entry on the holder's side. */
const follows = (updates: readonly HeldUpdate[], current: Entry | null, way: HeldWay): boolean =>
  way === 'apply' && sameContent(updates[0]!.base, current);

/**
 * Predicts what happens to held updates.
 * @param updates of one path, in order; at least one.
 * @param current the present entry on the holder's side.
 */
function heldFate(updates: readonly HeldUpdate[], current: Entry | null, way: HeldWay): HeldFate {
  if (follows(updates, current, way)) return 'applied';
  const last = updates.at(-1)!.after;
  // Directories affect everything below them, so they are decided later, for the whole tree.
  if ([current, ...updates.map(({ after }) => after)].some((entry) => entry?.type === 'dir')) return 'settled';
  if (way === 'discard' && updates.some(({ after }) => after !== null)) return 'versions';
  if (sameContent(last, current)) return 'same';
  // The other side is back at its first state: only the holder's side changed.
  if (way === 'apply' && sameContent(last, updates[0]!.base)) return current === null ? 'settled' : 'versions';
  if (last === null) return 'dropped';
  return current === null ? 'returns' : 'copy';
}
