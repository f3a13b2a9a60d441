// What a reconciliation is told, and what it answers.
import type { Change } from '../change.js';
import type { Entry } from '../entry.js';
import type { RelPath, Side } from '../path.js';
import type { Marks } from '../path-set.js';

/** What reconciliation has to be told besides the snapshots. */
export interface ReconcileOptions {
  /** The archive is empty because the pair never met: differing files are settled by time alone, the loser goes to versions. */
  readonly firstContact: boolean;
  /** Paths that must not be touched now: ignored, unknown, in work, or held under a lock. They count as surviving. */
  readonly pinned: (path: RelPath) => boolean;
  /** Whose content keeps the name at `path` whatever the times say: a lock's holder. */
  readonly winner?: (path: RelPath) => Side | null;
  /** Whose content is to stay at `path` though only the other side changed, and what becomes of that other content. */
  readonly overrides?: (path: RelPath) => Override | null;
  /** A free name beside `path` for the content that `side` loses the name for. */
  readonly copyName: (path: RelPath, side: Side) => RelPath;
  /** Where to look; the whole tree where absent. */
  readonly marks?: Marks;
}

/** One side's content stays; the other's becomes a conflict copy, or goes to versions. */
export interface Override {
  readonly side: Side;
  readonly other: 'copy' | 'discard';
}

/** Both sides changed one path differently: who kept the name, and where the other content is (null: in versions). */
export interface Conflict {
  readonly path: RelPath;
  readonly kept: Side;
  readonly copy: RelPath | null;
}

/** What is to be done, in an order in which it can be done. */
export interface Plan {
  readonly toA: Change[];
  readonly toB: Change[];
  /** Paths on which both sides already agree and the archive does not know it yet. */
  readonly agreed: { readonly path: RelPath; readonly entry: Entry | null }[];
  /** What was pinned, with the marks that lie on it and below it (null: everything): to be looked at when it is free. */
  readonly postponed: { readonly path: RelPath; readonly marks: Marks | null }[];
  /** Spoken of only once the change that settles them is done. */
  readonly conflicts: Conflict[];
}
