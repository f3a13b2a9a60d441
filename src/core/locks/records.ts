// The records of the lock table. Each has its own key, so that the rows on disk restore the table exactly.
import type { Action } from '../change.js';
import type { Entry } from '../entry.js';
import type { RelPath, Side } from '../path.js';

/** What a lock has that was not taken by hand. */
export interface AutoLock {
  /** The program that has the document open; null where changes of the file are all that tells of its use. */
  readonly app: string | null;
  /** The account that the owner of the lock works under, as `user@host`; null where it is not known. */
  readonly account: string | null;
  /** Since when the side of the lock is away, milliseconds since 1970; absent while it is connected. */
  readonly away?: number;
}

/** A lock in force. Times are milliseconds since 1970. */
export interface Lock {
  readonly path: RelPath;
  readonly owner: string;
  /** Where the holder works; the other side's changes are held. */
  readonly side: Side;
  readonly since: number;
  readonly expires: number | null;
  /** Its duration in milliseconds, from its grant or last renewal; absent where it does not expire. */
  readonly ttlMs?: number;
  readonly message: string;
  /** Larger than every token before it. */
  readonly token: number;
  /** Absent where the lock was taken by hand. */
  readonly auto?: AutoLock;
}

/** @returns whether `owner` holds the lock: an automatic one can be known by its account, too. */
export const isHolder = ({ owner, auto }: Lock, asking: string): boolean =>
  owner === asking || auto?.account === asking;

/** @returns the name under which the holder gives commands, as far as it is known. */
export const commandName = ({ owner, auto }: Lock): string => auto?.account ?? owner;

/** Somebody who waits for a lock. A waiter lasts as long as its connection: its row is never written to disk. */
export interface Waiter {
  readonly id: number;
  readonly path: RelPath;
  readonly owner: string;
  readonly side: Side;
  readonly message: string;
  readonly ttlMs?: number;
  readonly since: number;
  /** The queue is sorted by it; a waiter that broke the lock comes first. */
  readonly order: number;
}

/** A change of a locked path on the other side that is kept until the unlock. */
export interface HeldUpdate {
  readonly id: number;
  readonly path: RelPath;
  readonly action: Action;
  readonly received: number;
  /** The entry on which the update is based. */
  readonly base: Entry | null;
  readonly after: Entry | null;
  /** The name of its content in `.lockstep/held`; null where it has no content. */
  readonly file: string | null;
}

/** What to do with held updates: decide by the rule (SPEC 6.4), always make a conflict copy, or only keep versions. */
export type HeldWay = 'apply' | 'copy' | 'discard';

/** A path whose held updates are taking effect. */
export interface Drain {
  readonly path: RelPath;
  /** The side to which they are applied: that of the former holder. */
  readonly side: Side;
  /** `apply`: the held updates are applied one by one; otherwise the holder's content stays and they go to versions. */
  readonly mode: 'apply' | 'keep' | 'discard';
  readonly of: number;
  readonly applied: number;
}

/** A path on which the holder's content stays, until both sides agree. */
export interface Preference {
  readonly path: RelPath;
  readonly side: Side;
  /**
   * What happens to the other side's content: decided as for any conflict (absent), a conflict copy even if only that
   * side changed, or versions only.
   */
  readonly other?: 'copy' | 'discard';
  /** The other side's entry at the unlock. A later change was never held, so it is not discarded. */
  readonly last?: Entry | null;
}

/** What the former owner of a lock has to be told at his next command. */
export interface Notice {
  readonly id: number;
  readonly owner: string;
  readonly path: RelPath;
  readonly reason: 'forced' | 'stolen' | 'expired';
  readonly by: string;
  readonly time: number;
}

/** Somebody has asked the holder of a lock to unlock it. It ends with the lock. */
export interface Asking {
  readonly path: RelPath;
  /** The holder, by the name under which he uses commands. */
  readonly owner: string;
  /** Who asks. */
  readonly by: string;
  readonly message: string;
  readonly time: number;
  /** Whether the holder has been told. */
  readonly told: boolean;
}

/** Somebody wants to be told when a path is free. */
export interface Reminder {
  readonly path: RelPath;
  readonly owner: string;
  readonly since: number;
  /** When it became free: then he is told at his next command. Null until then. */
  readonly free: number | null;
}

/**
 * A document that is open, and whose lock a person has ended or taken: it is not locked by itself again until it is closed.
 */
export interface Dismissal {
  readonly path: RelPath;
  /** Where it is open. */
  readonly side: Side;
  readonly owner: string;
  readonly app: string;
}

/** @returns the key of the dismissal at `path` on `side`. */
export const dismissalKey = (side: Side, path: RelPath): string => `${side} ${path}`;

/** @returns the key of a row about one path and one person. No path contains NUL. */
export const personKey = (path: RelPath, person: string): string => `${path}\0${person}`;

/** One row of the table; null deletes it. */
export type Row =
  | { readonly table: 'lock'; readonly key: string; readonly value: Lock | null }
  | { readonly table: 'waiter'; readonly key: string; readonly value: Waiter | null }
  | { readonly table: 'held'; readonly key: string; readonly value: HeldUpdate | null }
  | { readonly table: 'drain'; readonly key: string; readonly value: Drain | null }
  | { readonly table: 'preference'; readonly key: string; readonly value: Preference | null }
  | { readonly table: 'notice'; readonly key: string; readonly value: Notice | null }
  | { readonly table: 'asking'; readonly key: string; readonly value: Asking | null }
  | { readonly table: 'reminder'; readonly key: string; readonly value: Reminder | null }
  | { readonly table: 'dismissal'; readonly key: string; readonly value: Dismissal | null }
  | { readonly table: 'counter'; readonly key: string; readonly value: number };

/**
 * What happens to the held updates of a path. All but the last go to versions, except for `applied`.
 * - `applied`: they are applied one by one.
 * - `copy`: the last becomes a conflict copy.
 * - `dropped`: the last is a deletion, and the holder's content stays.
 * - `same`: the last has the same content as the holder's side.
 * - `returns`: the holder's side has nothing there, so the last takes its place.
 * - `versions`: the holder's content stays, and the last goes to versions too.
 * - `settled`: decided as any conflict.
 */
export type HeldFate = 'applied' | 'copy' | 'dropped' | 'same' | 'returns' | 'versions' | 'settled';
