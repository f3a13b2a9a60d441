// A change in a carrier's hands, and what many of them come to: what is under way, and what is left.
import type { Change } from '../../core/change.js';
import type { RelPath } from '../../core/path.js';
import type { Claim } from '../pair/claims.js';

/** One change in a carrier's hands. */
export interface QueuedChange {
  readonly change: Change;
  readonly since: number;
  readonly size: number;
  /** Content bytes that have come so far, or were there. */
  arrived: number;
  state: 'waiting' | 'begun' | 'recalled';
  /** One for each path that the change touches. */
  readonly claims: readonly Claim[];
}

/** What one carrier has in its hands, under each path that a change touches. */
type Transferred = ReadonlyMap<RelPath, QueuedChange>;

/** How many changes have no outcome yet, and how much of their content has not come. */
export function leftOf(transferred: Transferred): { readonly files: number; readonly bytes: number } {
  let [files, bytes] = [0, 0];
  for (const [path, { change, size, arrived }] of transferred) {
    if (path !== change.path) continue;
    files++;
    bytes += Math.max(0, size - arrived);
  }
  return { files, bytes };
}

/** The contents that are coming now; what has come whole waits for the disk. */
export function* comingOf(
  transferred: Transferred,
): Generator<{ readonly path: RelPath; readonly size: number; readonly arrived: number }> {
  for (const [path, { change, size, arrived, state }] of transferred) {
    if (path === change.path && state === 'begun' && arrived > 0 && arrived < size) yield { path, size, arrived };
  }
}
