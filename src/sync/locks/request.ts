// What one client wants of one path's lock.

import { SyncError } from '../../core/errors.js';
import type { HeldWay } from '../../core/locks/records.js';
import type { RelPath, Side } from '../../core/path.js';
import type { Acted, Refused } from '../../wire/client-api/methods.js';

/** How somebody waits for a lock that another holds. */
export interface Wait {
  /** The longest, in milliseconds; null: for ever. */
  readonly forMs: number | null;
  /** Aborted when nobody waits any longer. */
  readonly signal: AbortSignal;
  /** Told the place in line, 1 is next, at first and whenever it has changed. */
  readonly told: (path: RelPath, position: number) => void;
}

export interface ServiceRequest {
  /** `expire` is asked by the clock. */
  readonly kind: 'lock' | 'unlock' | 'expire';
  readonly path: RelPath;
  readonly owner: string;
  readonly side: Side;
  readonly message: string;
  /** For how long, in milliseconds; without end, or as before at a renewal, unless given. */
  readonly ttlMs?: number;
  /** Break another's lock and take it. */
  readonly steal?: boolean;
  readonly wait?: Wait;
  /** Break another's lock. */
  readonly force?: boolean;
  readonly held?: HeldWay;
  /** For `expire`: of which lock. */
  readonly expires?: number;
}

/** Somebody who has asked and was not answered yet. */
export interface PendingRequest {
  readonly ask: ServiceRequest;
  /** The number under which he stands in line, if he does. */
  readonly line: number;
  readonly since: number;
  readonly resolve: (answer: Acted | Refused) => void;
}

/** Whether somebody says that he does not want it any more; who has only hung up (`nc` does) still wants the answer. */
export const isCancelled = (signal: AbortSignal | undefined): boolean =>
  signal?.aborted === true && signal.reason instanceof SyncError && signal.reason.code === 'interrupted';
