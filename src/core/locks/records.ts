// What the lock table is made of: plain records, each under a key of its own, so that what is written to disk, row by
// row, brings the table back exactly as it was.
import type { Action } from '../change.js';
import type { Entry } from '../entry.js';
import type { RelPath, Side } from '../path.js';

/** A lock in force. Times are milliseconds since 1970. */
export interface Lock {
  readonly path: RelPath;
  readonly owner: string;
  /** Where the holder works; the other side's changes are held. */
  readonly side: Side;
  readonly since: number;
  readonly expires: number | null;
  /** How long it was given, from its grant or its last renewal on; absent: without end. */
  readonly ttlMs?: number;
  readonly message: string;
  /** Larger than every token before it. */
  readonly token: number;
}

/** Somebody in line for a lock. A place in line is as long-lived as the connection that asked: no row of it goes to disk. */
export interface Waiter {
  readonly id: number;
  readonly path: RelPath;
  readonly owner: string;
  readonly side: Side;
  readonly message: string;
  readonly ttlMs?: number;
  readonly since: number;
  /** Smallest first; who broke a lock to take it comes before all others. */
  readonly order: number;
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

/** What is to become of held updates: by the rule (SPEC 6.4), a conflict copy in any case, or only versions. */
export type HeldWay = 'apply' | 'copy' | 'discard';

/** A path whose held updates are taking effect. */
export interface Drain {
  readonly path: RelPath;
  /** The side they are applied to: the former holder's. */
  readonly side: Side;
  /** `apply`: the held updates follow one another; else the holder's version stays, and they go to versions. */
  readonly mode: 'apply' | 'keep' | 'discard';
  readonly of: number;
  readonly applied: number;
}

/** A path on which the holder's version is to stay, until both sides agree. */
export interface Preference {
  readonly path: RelPath;
  readonly side: Side;
  /**
   * What becomes of the other side's version: as for any conflict (absent), a conflict copy though only that side
   * changed, or nothing more than the versions have of it.
   */
  readonly other?: 'copy' | 'discard';
  /** What the other side had at the unlock: what comes after it was never held, and is nothing to be discarded. */
  readonly last?: Entry | null;
}

/** What the former owner of a lock has still to be told. */
export interface Notice {
  readonly id: number;
  readonly owner: string;
  readonly path: RelPath;
  readonly reason: 'forced' | 'stolen' | 'expired';
  readonly by: string;
  readonly time: number;
}

/** A row of the table under its key; null deletes it. */
export type Row =
  | { readonly table: 'lock'; readonly key: string; readonly value: Lock | null }
  | { readonly table: 'waiter'; readonly key: string; readonly value: Waiter | null }
  | { readonly table: 'held'; readonly key: string; readonly value: HeldUpdate | null }
  | { readonly table: 'drain'; readonly key: string; readonly value: Drain | null }
  | { readonly table: 'preference'; readonly key: string; readonly value: Preference | null }
  | { readonly table: 'notice'; readonly key: string; readonly value: Notice | null }
  | { readonly table: 'counter'; readonly key: string; readonly value: number };

/**
 * `applied`: one by one. `copy`: the last becomes a conflict copy. `dropped`: the last is a deletion, and the holder's
 * version stays. `same`: the last left what the holder's side has too. `returns`: the holder's side has nothing there, so
 * the last takes its place. `versions`: the holder's version stays, alone. `settled`: as any conflict. Earlier ones go to
 * versions in all cases but the first.
 */
export type HeldFate = 'applied' | 'copy' | 'dropped' | 'same' | 'returns' | 'versions' | 'settled';
