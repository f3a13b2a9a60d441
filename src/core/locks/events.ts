// The events of the lock machine, its answers and its decisions.

import type { Entry } from '../entry.js';
import type { SyncEvent } from '../events.js';
import type { RelPath, Side } from '../path.js';
import type { AutoLock, HeldFate, HeldWay, Lock, Row } from './records.js';
import type { LockTable } from './table.js';

/** A request for a lock. */
export interface LockRequest {
  readonly kind: 'lock';
  readonly path: RelPath;
  readonly owner: string;
  readonly side: Side;
  readonly message: string;
  readonly ttlMs?: number;
  /** Whether to break another's lock; `current` is then the present entry on the holder's side. */
  readonly steal?: boolean;
  readonly current?: Entry | null;
  /** The id to wait under; without it a request that cannot be granted is refused. */
  readonly line?: number;
  /** Whether the owner is told when the path is free, where the request is refused. */
  readonly notify?: boolean;
  /** Present where nobody asks for the lock, but a document is open: such a request neither waits nor breaks a lock. */
  readonly auto?: AutoLock;
  readonly now: number;
}

/** What can happen to the table. `now` is in milliseconds since 1970. */
export type LockEvent =
  | LockRequest
  /** The path is free, and everything in transfer for it has arrived: the first waiter gets the lock. */
  | { readonly kind: 'grant'; readonly path: RelPath; readonly now: number }
  /** A waiter leaves the queue. */
  | { readonly kind: 'leave'; readonly path: RelPath; readonly line: number }
  /** `current` is the present entry on the holder's side. */
  | {
      readonly kind: 'unlock';
      readonly path: RelPath;
      readonly owner: string;
      readonly current: Entry | null;
      /** Whether to break another's lock. */
      readonly force?: boolean;
      readonly held?: HeldWay;
      readonly now: number;
    }
  /** The lock that expires at `expires` (milliseconds since 1970) ends. */
  | {
      readonly kind: 'expire';
      readonly path: RelPath;
      readonly expires: number;
      readonly current: Entry | null;
      readonly now: number;
    }
  /** The document of the automatic lock `token` is closed, and its content is on the other side. */
  | {
      readonly kind: 'close';
      readonly path: RelPath;
      readonly token: number;
      /** The present entry on the holder's side. */
      readonly current: Entry | null;
      readonly now: number;
    }
  /** The side of an automatic lock is away: the lock ends after `graceMs` milliseconds unless it comes back. */
  | { readonly kind: 'away'; readonly path: RelPath; readonly graceMs: number; readonly now: number }
  | {
      readonly kind: 'hold';
      readonly path: RelPath;
      readonly base: Entry | null;
      readonly after: Entry | null;
      readonly file: string | null;
      readonly now: number;
    }
  /** The first held update of a draining path took effect, or was archived to versions. */
  | { readonly kind: 'drained'; readonly path: RelPath; readonly applied: boolean }
  /** Tells who wants to know it that the path is free. */
  | { readonly kind: 'free'; readonly path: RelPath; readonly now: number }
  /** `by` asks the holder to unlock. */
  | {
      readonly kind: 'ask';
      readonly path: RelPath;
      readonly by: string;
      readonly message: string;
      readonly now: number;
    }
  /** Both sides agree again on a path with a preference. */
  | { readonly kind: 'settled'; readonly path: RelPath }
  /** The owner of the lock renamed the file: the lock, its held updates and its waiters move along. */
  | { readonly kind: 'moved'; readonly path: RelPath; readonly to: RelPath };

/** Whether the caller is told from now on when the path is free, or is no longer. */
type ReminderChange = 'set' | 'gone';

/** The answer to the caller. */
export type LockAnswer =
  /** `lines` are the waiters that leave the queue because of the grant: those of the same owner. */
  | { readonly kind: 'granted'; readonly lock: Lock; readonly changed: boolean; readonly lines?: readonly number[] }
  | { readonly kind: 'queued'; readonly line: number; readonly position: number }
  /** `becomes` is present where updates are held. */
  | {
      readonly kind: 'released';
      readonly owner: string | null;
      readonly held: number;
      readonly becomes?: HeldFate;
      readonly reminder?: 'gone';
    }
  /** `held` is the number of held updates, `waiting` the number of waiters. */
  | {
      readonly kind: 'refused';
      readonly lock: Lock;
      readonly held: number;
      readonly waiting?: number;
      readonly reminder?: ReminderChange;
    }
  /** The path is draining, or free for the `waiting` waiters: repeat the request when that is over. */
  | { readonly kind: 'later'; readonly waiting?: number; readonly reminder?: ReminderChange }
  /** `owner` is the holder, null where there is none. `agoMs`: when the same was asked before, where that is too lately. */
  | {
      readonly kind: 'asked';
      readonly owner: string | null;
      readonly changed: boolean;
      readonly agoMs?: number;
    }
  | { readonly kind: 'noted' };

/** The result of an event: rows to write, in order, the answer, and events to report. */
export interface Decision {
  readonly rows: readonly Row[];
  readonly answer: LockAnswer;
  readonly events: readonly SyncEvent[];
}

/** @returns the event that says of `lock` that it is in force. */
export const lockedEvent = ({ path, owner, side, auto }: Lock): SyncEvent & { readonly event: 'locked' } => ({
  event: 'locked',
  path,
  owner,
  side,
  ...(auto === undefined ? {} : { kind: 'auto', app: auto.app }),
});

/** @returns a decision about an event that needs no answer. */
export const noted = (rows: readonly Row[], events: readonly SyncEvent[] = []): Decision => ({
  rows,
  answer: { kind: 'noted' },
  events,
});

/** @returns the answer to somebody whom another's lock on `path` refuses; null where the path is not locked. */
export function refusal(table: LockTable, path: RelPath): (LockAnswer & { readonly kind: 'refused' }) | null {
  const lock = table.locks.get(path);
  if (lock === undefined) return null;
  return { kind: 'refused', lock, held: table.heldOf(path).length, waiting: table.waitersOf(path).length };
}
