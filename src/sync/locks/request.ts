// A client's request for the lock of one path.

import { SyncError } from '../../core/errors.js';
import type { HeldWay } from '../../core/locks/records.js';
import type { RelPath, Side } from '../../core/path.js';
import type { Acted, Refused } from '../../wire/client-api/methods.js';

/** How a request waits for a lock that another owner holds. */
export interface Wait {
  /** The longest time, in milliseconds; null: without limit. */
  readonly forMs: number | null;
  /** Aborted when the client no longer waits. */
  readonly signal: AbortSignal;
  /** Called with the position in the queue (1 is next), at first and after each change. */
  readonly onPosition: (path: RelPath, position: number) => void;
}

export interface ServiceRequest {
  /** `expire` is requested by the timer of a lock. */
  readonly kind: 'lock' | 'unlock' | 'expire';
  readonly path: RelPath;
  readonly owner: string;
  readonly side: Side;
  readonly message: string;
  /**
   * Lifetime of the lock, in milliseconds. Unless given, the lock has no end, or a renewal keeps the earlier one.
   */
  readonly ttlMs?: number;
  /** Breaks another owner's lock and takes it. */
  readonly steal?: boolean;
  readonly wait?: Wait;
  /** Has the owner told when the path is free, where the lock is refused. */
  readonly notify?: boolean;
  /** Breaks another owner's lock. */
  readonly force?: boolean;
  readonly held?: HeldWay;
  /**
   * For `unlock`: a request gives back the lock with this token. It ends once no other request of its owner holds it.
   */
  readonly givesBack?: number;
  /** For `expire`: the end of the lock that is meant, milliseconds since 1970. */
  readonly expires?: number;
}

/** A request without an answer. */
export interface PendingRequest {
  readonly ask: ServiceRequest;
  /** Its number in the wait queue, if it waits. */
  readonly line: number;
  readonly since: number;
  readonly resolve: (answer: Acted | Refused) => void;
}

/**
 * Whether the client has cancelled the request. A client that only closed its sending direction (`nc` does) still waits
 * for the answer.
 */
export const isCancelled = (signal: AbortSignal | undefined): boolean =>
  signal?.aborted === true && signal.reason instanceof SyncError && signal.reason.code === 'interrupted';
