// The options and the result of a reconciliation.
import type { Change } from '../change.js';
import type { Entry } from '../entry.js';
import type { RelPath, Side } from '../path.js';
import type { Marks } from '../path-set.js';

/** What a reconciliation needs besides the snapshots. */
export interface ReconcileOptions {
  /**
   * The archive is empty because the sides have never met: the newer of two different files wins, the other goes to
   * versions.
   */
  readonly firstContact: boolean;
  /** Paths that must not be changed now: ignored, unknown, claimed, or held under a lock. They count as existing. */
  readonly pinned: (path: RelPath) => boolean;
  /**
   * The side whose content keeps the name in a conflict, whatever the times are: the holder of a lock. Null where times
   * decide.
   */
  readonly winner?: (path: RelPath) => Side | null;
  /** The side whose content stays even if only the other side changed, and what happens to the other content. */
  readonly overrides?: (path: RelPath) => Override | null;
  /** @returns a free name beside `path` for the content of `side`, which loses the name. */
  readonly copyName: (path: RelPath, side: Side) => RelPath;
  /** The paths to reconcile; where absent, the whole tree. */
  readonly marks?: Marks;
}

/** One side's content stays; the other side's becomes a conflict copy or goes to versions. */
export interface Override {
  readonly side: Side;
  readonly other: 'copy' | 'discard';
}

/**
 * Both sides changed a path differently: `kept` is the side that keeps the name, `copy` the other content (null: in
 * versions).
 */
export interface Conflict {
  readonly path: RelPath;
  readonly kept: Side;
  readonly copy: RelPath | null;
}

/** The result of a reconciliation; the changes are in an order in which they can be carried out. */
export interface Plan {
  readonly toA: Change[];
  readonly toB: Change[];
  /** Paths on which both sides agree and the archive does not. */
  readonly agreed: { readonly path: RelPath; readonly entry: Entry | null }[];
  /** Pinned paths with the marks on and below them (null: everything), to be reconciled when they are free. */
  readonly postponed: { readonly path: RelPath; readonly marks: Marks | null }[];
  /** The conflicts; each is reported once the change that resolves it is done. */
  readonly conflicts: Conflict[];
}
