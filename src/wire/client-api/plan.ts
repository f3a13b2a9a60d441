// What would be transferred, as clients are told.
import type { Action } from '../../core/change.js';
import type { Side } from '../../core/path.js';

/**
 * Why a change would be made: only one side has changed; of two contents the newer stays, because the sides have never
 * met; both sides have changed.
 */
export type PlanWhy = 'changed' | 'newer' | 'conflict';

/** A change that would be made now. */
export interface PlanRow {
  readonly path: string;
  readonly action: Action;
  readonly from: Side;
  readonly to: Side;
  readonly type: 'file' | 'dir' | 'symlink';
  /** The content to transfer at most, in bytes. */
  readonly bytes: number;
  readonly why: PlanWhy;
  /** The former path of what is renamed. */
  readonly was?: string;
}

/** What would be transferred now. */
export interface PlanPreview {
  readonly plan: readonly PlanRow[];
  /** Paths that wait for something else: a lock, a file that is being written, an unreadable directory. */
  readonly waiting: number;
  /** Whether the sides meet for the first time. */
  readonly firstContact: boolean;
}
