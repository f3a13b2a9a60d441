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

/** Why a path is left out: updates of it wait for an unlock; it is being written; one side ignores it or cannot read it. */
type WaitWhy = 'held' | 'unsettled' | 'out-of-reach';

/** A path that is left out. */
export interface WaitRow {
  readonly path: string;
  readonly why: WaitWhy;
  /** Who has locked it, where somebody has. */
  readonly owner?: string;
}

/** What would be transferred now. */
export interface PlanPreview {
  readonly plan: readonly PlanRow[];
  /** How many paths are left out because they wait for something else. */
  readonly waiting: number;
  /** The first of these paths; servers of earlier versions do not name them. */
  readonly waits?: readonly WaitRow[];
  /** Whether the sides meet for the first time. */
  readonly firstContact: boolean;
}
