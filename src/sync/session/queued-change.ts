// A change in a transfer queue, and the totals that status shows: how many changes are left, and which contents are
// arriving.
import type { Change } from '../../core/change.js';
import type { RelPath } from '../../core/path.js';
import type { Claim } from '../pair/claims.js';

/** One change in a transfer queue. */
export interface QueuedChange {
  readonly change: Change;
  /** When it was queued, milliseconds since 1970. */
  readonly since: number;
  /** Content bytes. */
  readonly size: number;
  /** Content bytes that have arrived or were there before. */
  arrived: number;
  state: 'waiting' | 'begun' | 'recalled';
  /** One for each path that the change touches. */
  readonly claims: readonly Claim[];
}

/** The changes of one queue, under each path that a change touches. */
type Transferred = ReadonlyMap<RelPath, QueuedChange>;

/** Counts the changes without an outcome and the content bytes that have not arrived. */
export function leftOf(transferred: Transferred): { readonly files: number; readonly bytes: number } {
  let [files, bytes] = [0, 0];
  for (const [path, { change, size, arrived }] of transferred) {
    if (path !== change.path) continue;
    files++;
    bytes += Math.max(0, size - arrived);
  }
  return { files, bytes };
}

/**
 * The contents that are arriving now. A content that has arrived whole and waits for the disk is not among them.
 */
export function* comingOf(
  transferred: Transferred,
): Generator<{ readonly path: RelPath; readonly size: number; readonly arrived: number }> {
  for (const [path, { change, size, arrived, state }] of transferred) {
    if (path === change.path && state === 'begun' && arrived > 0 && arrived < size) yield { path, size, arrived };
  }
}
