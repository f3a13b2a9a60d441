// Earlier contents as clients see them.
import type { Side } from '../../core/path.js';

/** A stored version. */
export interface VersionRow {
  readonly path: string;
  /** Its number among the versions of this file: 1 is the newest. */
  readonly n: number;
  readonly size: number;
  readonly mtime: string;
  /** When it was moved to the versions. */
  readonly replaced: string;
  /** Why it was: `overwritten`, `deleted`, `first contact`, `held` …; `unknown` where the record is lost. */
  readonly reason: string;
  /** The side that stores it, and the path of the plain file in its root. */
  readonly side: Side;
  readonly where: string;
}

/** What versions take of a disk. */
export interface VersionUsage {
  readonly files: number;
  readonly bytes: number;
}
