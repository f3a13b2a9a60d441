// The lock table: locks, waiters, held updates, and paths whose held updates are taking effect. Only `record` writes
// it, row by row; the same rows on disk restore it exactly after a crash.

import { otherSide, type RelPath, type Side } from '../path.js';
import type {
  Asking,
  Dismissal,
  Drain,
  HeldUpdate,
  Lock,
  Notice,
  Preference,
  Reminder,
  Row,
  Waiter,
} from './records.js';

/** The lock table. It is written only by `record`. */
export class LockTable {
  readonly locks = new Map<RelPath, Lock>();
  readonly held = new Map<RelPath, readonly HeldUpdate[]>();
  readonly drains = new Map<RelPath, Drain>();
  readonly preferences = new Map<RelPath, Preference>();
  readonly waiters = new Map<RelPath, readonly Waiter[]>();
  readonly notices = new Map<number, Notice>();
  /** By the path and who asks, the oldest first. */
  readonly askings = new Map<string, Asking>();
  /** By the path and who is to be told, the oldest first. */
  readonly reminders = new Map<string, Reminder>();
  /** By `dismissalKey`. */
  readonly dismissals = new Map<string, Dismissal>();
  readonly #counters = new Map<string, number>();
  /** What is in the queues by its number: there may be tens of thousands of waiters in one. */
  readonly #heldById = new Map<number, HeldUpdate>();
  readonly #waiterById = new Map<number, Waiter>();

  /** @returns the last number that was given under `name`; numbers only grow, also across restarts. */
  counter(name: 'token' | 'held' | 'notice'): number {
    return this.#counters.get(name) ?? 0;
  }

  /** How many updates are held, of all files. */
  get heldUpdates(): number {
    let held = 0;
    for (const { length } of this.held.values()) held += length;
    return held;
  }

  heldOf(path: RelPath): readonly HeldUpdate[] {
    return this.held.get(path) ?? [];
  }

  /** @returns the waiters for the lock of `path`, the next one first. */
  waitersOf(path: RelPath): readonly Waiter[] {
    return this.waiters.get(path) ?? [];
  }

  waiter(id: number): Waiter | null {
    return this.#waiterById.get(id) ?? null;
  }

  /** @returns what `owner` has to be told, the oldest first. */
  noticesOf(owner: string): Notice[] {
    return [...this.notices.values()].filter((notice) => notice.owner === owner);
  }

  /** @returns the side whose changes of `path` are held; null where the path is not locked. */
  heldSide(path: RelPath): Side | null {
    const lock = this.locks.get(path);
    return lock === undefined ? null : otherSide(lock.side);
  }

  record(rows: readonly Row[]): void {
    for (const row of rows) this.#recordRow(row);
  }

  #recordRow(row: Row): void {
    if (row.table === 'counter') this.#counters.set(row.key, row.value);
    else if (row.table === 'held') putIn(this.held, this.#heldById, Number(row.key), row.value, (held) => held.id);
    else if (row.table === 'waiter')
      putIn(this.waiters, this.#waiterById, Number(row.key), row.value, (waiter) => waiter.order);
    else if (row.table === 'lock') setOrDelete(this.locks, row.key as RelPath, row.value);
    else if (row.table === 'drain') setOrDelete(this.drains, row.key as RelPath, row.value);
    else if (row.table === 'notice') setOrDelete(this.notices, Number(row.key), row.value);
    else if (row.table === 'reminder') setOrDelete(this.reminders, row.key, row.value);
    else if (row.table === 'asking') setOrDelete(this.askings, row.key, row.value);
    else if (row.table === 'dismissal') setOrDelete(this.dismissals, row.key, row.value);
    else setOrDelete(this.preferences, row.key as RelPath, row.value);
  }

  /** All rows, as `record` needs them to restore the table. */
  *rows(): Generator<Row> {
    for (const [key, value] of this.#counters) yield { table: 'counter', key, value };
    for (const [key, value] of this.locks) yield { table: 'lock', key, value };
    for (const value of queued(this.held)) yield { table: 'held', key: String(value.id), value };
    for (const [key, value] of this.drains) yield { table: 'drain', key, value };
    for (const [key, value] of this.preferences) yield { table: 'preference', key, value };
    for (const [key, value] of this.notices) yield { table: 'notice', key: String(key), value };
    for (const [key, value] of this.askings) yield { table: 'asking', key, value };
    for (const [key, value] of this.reminders) yield { table: 'reminder', key, value };
    for (const [key, value] of this.dismissals) yield { table: 'dismissal', key, value };
    for (const value of queued(this.waiters)) yield { table: 'waiter', key: String(value.id), value };
  }
}

function* queued<T>(queues: ReadonlyMap<RelPath, readonly T[]>): Generator<T> {
  for (const queue of queues.values()) yield* queue;
}

function setOrDelete<K, V>(map: Map<K, V>, key: K, value: V | null): void {
  if (value === null) map.delete(key);
  else map.set(key, value);
}

interface Queued {
  readonly id: number;
  readonly path: RelPath;
}

/**
 * Adds a value to the queue of its path, or removes it (null), also from the queue of its former path. A row may be
 * recorded twice, because a journal that is being rewritten contains it from memory and as it was appended. Queues are
 * replaced, never changed: who goes through one sees it as it was.
 */
function putIn<T extends Queued>(
  queues: Map<RelPath, readonly T[]>,
  byId: Map<number, T>,
  id: number,
  value: T | null,
  orderOf: (one: T) => number,
): void {
  const former = byId.get(id);
  if (former !== undefined) {
    const queue = queues.get(former.path) ?? [];
    const rest = queue.toSpliced(
      queue.findIndex((one) => one.id === id),
      1,
    );
    if (rest.length === 0) queues.delete(former.path);
    else queues.set(former.path, rest);
  }
  if (value === null) {
    byId.delete(id);
    return;
  }
  byId.set(id, value);
  const queue = queues.get(value.path) ?? [];
  // Mostly at the end.
  const after = queue.findLastIndex((one) => orderOf(one) <= orderOf(value));
  queues.set(value.path, queue.toSpliced(after + 1, 0, value));
}
