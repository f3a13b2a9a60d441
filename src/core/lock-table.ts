// The lock table: who holds what, what is held back, what is taking effect. Read by anyone, written only by `record`, row
// by row: the rows are what goes to disk, and what brings the table back after a crash exactly as it was.
import type { Action } from './change.js';
import type { Entry } from './entry.js';
import { otherSide, type RelPath, type Side } from './path.js';

/** A lock in force. Times are milliseconds since 1970. */
export interface Lock {
  readonly path: RelPath;
  readonly owner: string;
  /** Where the holder works; the other side's changes are held. */
  readonly side: Side;
  readonly since: number;
  readonly expires: number | null;
  readonly message: string;
  /** Larger than every token before it. */
  readonly token: number;
}

/** A change of a locked path on the other side, kept until the unlock. */
export interface HeldUpdate {
  readonly id: number;
  readonly path: RelPath;
  readonly action: Action;
  readonly received: number;
  /** What the update was made on. */
  readonly base: Entry | null;
  readonly after: Entry | null;
  /** The name of its content below `.lockstep/held`, null where there is no content. */
  readonly file: string | null;
}

/** A path whose held updates are taking effect. */
export interface Drain {
  readonly path: RelPath;
  /** The side they are applied to: the former holder's. */
  readonly side: Side;
  /** `apply`: the held updates follow one another; `keep`: the holder changed the file too, so its version stays. */
  readonly mode: 'apply' | 'keep';
  readonly of: number;
  readonly applied: number;
}

/** A path on which both sides changed under a lock: whose version keeps the name, until that is done. */
export interface Preference {
  readonly path: RelPath;
  readonly side: Side;
}

/** A row of the table under its key; null deletes it. */
export type Row =
  | { readonly table: 'lock'; readonly key: string; readonly value: Lock | null }
  | { readonly table: 'held'; readonly key: string; readonly value: HeldUpdate | null }
  | { readonly table: 'drain'; readonly key: string; readonly value: Drain | null }
  | { readonly table: 'preference'; readonly key: string; readonly value: Preference | null }
  | { readonly table: 'counter'; readonly key: string; readonly value: number };

/** The lock table: read by anyone, written only through `record`. */
export class LockTable {
  readonly locks = new Map<RelPath, Lock>();
  readonly held = new Map<RelPath, HeldUpdate[]>();
  readonly drains = new Map<RelPath, Drain>();
  readonly preferences = new Map<RelPath, Preference>();
  private readonly counters = new Map<string, number>();

  /** The last number given under `name`; numbers only grow, across restarts too. */
  counter(name: 'token' | 'held'): number {
    return this.counters.get(name) ?? 0;
  }

  heldOf(path: RelPath): readonly HeldUpdate[] {
    return this.held.get(path) ?? [];
  }

  /** The side whose changes of `path` must not flow now, null where both may. */
  heldSide(path: RelPath): Side | null {
    const lock = this.locks.get(path);
    return lock === undefined ? null : otherSide(lock.side);
  }

  record(rows: readonly Row[]): void {
    for (const row of rows) this.recordRow(row);
  }

  private recordRow(row: Row): void {
    if (row.table === 'counter') this.counters.set(row.key, row.value);
    else if (row.table === 'held') this.recordHeld(Number(row.key), row.value);
    else if (row.table === 'lock') setOrDelete(this.locks, row.key, row.value);
    else if (row.table === 'drain') setOrDelete(this.drains, row.key, row.value);
    else setOrDelete(this.preferences, row.key, row.value);
  }

  /** A row may be recorded twice: the journal that is being rewritten brings it from memory, and once more as it came. */
  private recordHeld(id: number, update: HeldUpdate | null): void {
    if (update === null) {
      for (const path of this.held.keys()) if (this.dropHeld(path, id)) return;
      return;
    }
    const queue = this.heldOf(update.path).filter((held) => held.id !== id);
    queue.push(update);
    queue.sort((x, y) => x.id - y.id);
    this.held.set(update.path, queue);
  }

  private dropHeld(path: RelPath, id: number): boolean {
    const queue = this.heldOf(path);
    const rest = queue.filter((held) => held.id !== id);
    if (rest.length === queue.length) return false;
    if (rest.length === 0) this.held.delete(path);
    else this.held.set(path, rest);
    return true;
  }

  /** Every row, as `record` would bring it back. */
  *rows(): Generator<Row> {
    for (const [key, value] of this.counters) yield { table: 'counter', key, value };
    for (const [key, value] of this.locks) yield { table: 'lock', key, value };
    for (const queue of this.held.values()) {
      for (const value of queue) yield { table: 'held', key: String(value.id), value };
    }
    for (const [key, value] of this.drains) yield { table: 'drain', key, value };
    for (const [key, value] of this.preferences) yield { table: 'preference', key, value };
  }
}

function setOrDelete<V>(map: Map<RelPath, V>, key: string, value: V | null): void {
  if (value === null) map.delete(key as RelPath);
  else map.set(key as RelPath, value);
}
