// The words of the lock machine: what can happen to the table, what comes of it, and what whoever asked is told.

import type { Entry } from '../entry.js';
import type { SyncEvent } from '../events.js';
import type { RelPath, Side } from '../path.js';
import type { HeldFate, HeldWay, Lock, Row } from './records.js';
import type { LockTable } from './table.js';

/** Somebody wants a lock. */
export interface LockRequest {
  readonly kind: 'lock';
  readonly path: RelPath;
  readonly owner: string;
  readonly side: Side;
  readonly message: string;
  readonly ttlMs?: number;
  /** Break another's lock; `current` is then what that one's side has. */
  readonly steal?: boolean;
  readonly current?: Entry | null;
  /** A new number to stand in line under; without one, who cannot have the lock now is refused. */
  readonly line?: number;
  readonly now: number;
}

/** What can happen to the table. `now` is milliseconds since 1970. */
export type LockEvent =
  | LockRequest
  /** The path is free, and everything under way for it has come: the first in line gets the lock. */
  | { readonly kind: 'grant'; readonly path: RelPath; readonly now: number }
  /** Somebody in line does not wait any longer. */
  | { readonly kind: 'leave'; readonly path: RelPath; readonly line: number }
  /** `current` is what the holder's side has at the path now. */
  | {
      readonly kind: 'unlock';
      readonly path: RelPath;
      readonly owner: string;
      readonly current: Entry | null;
      /** Break another's lock. */
      readonly force?: boolean;
      readonly held?: HeldWay;
      readonly now: number;
    }
  /** The time of the lock that expires at `expires` is over. */
  | {
      readonly kind: 'expire';
      readonly path: RelPath;
      readonly expires: number;
      readonly current: Entry | null;
      readonly now: number;
    }
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
  | { readonly kind: 'settled'; readonly path: RelPath }
  /** The file at `path` was renamed by the lock's owner: lock, held updates and those in line go with it. */
  | { readonly kind: 'moved'; readonly path: RelPath; readonly to: RelPath };

/** What whoever asked is told. */
export type LockAnswer =
  /** `lines` are those in line who have it now too: they are the same owner, or the one whose turn it was. */
  | { readonly kind: 'granted'; readonly lock: Lock; readonly changed: boolean; readonly lines?: readonly number[] }
  | { readonly kind: 'queued'; readonly line: number; readonly position: number }
  /** `becomes` is said where something is held. */
  | {
      readonly kind: 'released';
      readonly owner: string | null;
      readonly held: number;
      readonly becomes?: HeldFate;
    }
  /** `held` updates and those who are `waiting`. */
  | { readonly kind: 'refused'; readonly lock: Lock; readonly held: number; readonly waiting?: number }
  /** The path is draining, or free for those who are `waiting` in line; ask again when that is over. */
  | { readonly kind: 'later'; readonly waiting?: number }
  | { readonly kind: 'noted' };

/** The outcome of an event: rows to write, in order, what to answer, what to say. */
export interface Decision {
  readonly rows: readonly Row[];
  readonly answer: LockAnswer;
  readonly events: readonly SyncEvent[];
}

/** Nobody asked, and nobody is answered. */
export const noted = (rows: readonly Row[], events: readonly SyncEvent[] = []): Decision => ({
  rows,
  answer: { kind: 'noted' },
  events,
});

/** What somebody is told whom another's lock on `path` keeps out; null where nobody holds it. */
export function refusal(table: LockTable, path: RelPath): (LockAnswer & { readonly kind: 'refused' }) | null {
  const lock = table.locks.get(path);
  if (lock === undefined) return null;
  return { kind: 'refused', lock, held: table.heldOf(path).length, waiting: table.waitersOf(path).length };
}
