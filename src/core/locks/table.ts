// The lock table: who holds what, who waits for it, what is held back, what is taking effect. Read by anyone, written only
// by `record`, row by row: the rows are what goes to disk, and what brings the table back after a crash exactly as it was.

import { otherSide, type RelPath, type Side } from '../path.js';
import type { Drain, HeldUpdate, Lock, Notice, Preference, Row, Waiter } from './records.js';

/** The lock table: read by anyone, written only through `record`. */
export class LockTable {
  readonly locks = new Map<RelPath, Lock>();
  readonly held = new Map<RelPath, HeldUpdate[]>();
  readonly drains = new Map<RelPath, Drain>();
  readonly preferences = new Map<RelPath, Preference>();
  readonly waiters = new Map<RelPath, Waiter[]>();
  readonly notices = new Map<number, Notice>();
  readonly #counters = new Map<string, number>();

  /** The last number given under `name`; numbers only grow, across restarts too. */
  counter(name: 'token' | 'held' | 'notice'): number {
    return this.#counters.get(name) ?? 0;
  }

  heldOf(path: RelPath): readonly HeldUpdate[] {
    return this.held.get(path) ?? [];
  }

  /** Who waits for the lock of `path`, the next one first. */
  waitersOf(path: RelPath): readonly Waiter[] {
    return this.waiters.get(path) ?? [];
  }

  /** What `owner` has still to be told, oldest first. */
  noticesOf(owner: string): Notice[] {
    return [...this.notices.values()].filter((notice) => notice.owner === owner);
  }

  /** The side whose changes of `path` must not flow now, null where both may. */
  heldSide(path: RelPath): Side | null {
    const lock = this.locks.get(path);
    return lock === undefined ? null : otherSide(lock.side);
  }

  record(rows: readonly Row[]): void {
    for (const row of rows) this.#recordRow(row);
  }

  #recordRow(row: Row): void {
    if (row.table === 'counter') this.#counters.set(row.key, row.value);
    else if (row.table === 'held') putIn(this.held, Number(row.key), row.value, (held) => held.id);
    else if (row.table === 'waiter') putIn(this.waiters, Number(row.key), row.value, (waiter) => waiter.order);
    else if (row.table === 'lock') setOrDelete(this.locks, row.key as RelPath, row.value);
    else if (row.table === 'drain') setOrDelete(this.drains, row.key as RelPath, row.value);
    else if (row.table === 'notice') setOrDelete(this.notices, Number(row.key), row.value);
    else setOrDelete(this.preferences, row.key as RelPath, row.value);
  }

  /** Every row, as `record` would bring it back. */
  *rows(): Generator<Row> {
    for (const [key, value] of this.#counters) yield { table: 'counter', key, value };
    for (const [key, value] of this.locks) yield { table: 'lock', key, value };
    for (const value of queued(this.held)) yield { table: 'held', key: String(value.id), value };
    for (const [key, value] of this.drains) yield { table: 'drain', key, value };
    for (const [key, value] of this.preferences) yield { table: 'preference', key, value };
    for (const [key, value] of this.notices) yield { table: 'notice', key: String(key), value };
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
 * Puts one into the queue of its path, or takes it out (null); it may have stood in the queue of another path before. A
 * row may be recorded twice: the journal that is being rewritten brings it from memory, and once more as it came.
 */
function putIn<T extends Queued>(
  queues: Map<RelPath, T[]>,
  id: number,
  value: T | null,
  orderOf: (one: T) => number,
): void {
  for (const [path, queue] of queues) {
    const at = queue.findIndex((one) => one.id === id);
    if (at < 0) continue;
    const rest = queue.toSpliced(at, 1);
    if (rest.length === 0) queues.delete(path);
    else queues.set(path, rest);
    break;
  }
  if (value === null) return;
  const queue = [...(queues.get(value.path) ?? []), value];
  queues.set(
    value.path,
    queue.sort((x, y) => orderOf(x) - orderOf(y)),
  );
}
