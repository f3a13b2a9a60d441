// What `prune` answers: what was removed of the versions of each side, or why it was not.
import type { ErrorCode } from '../../core/errors.js';
import type { Side } from '../../core/path.js';

/** What was removed, or would be, of the versions that were put aside up to `before`: milliseconds since 1970. */
export interface PrunedVersions {
  readonly files: number;
  readonly bytes: number;
  readonly before: number;
}

/** Why versions of one side were not removed. */
export interface FailedPrune {
  readonly side: Side;
  readonly code: ErrorCode;
  readonly message: string;
}

/** Null for a side that is away. `failed`: where one side could not remove its own, although the other has. */
export interface Pruned {
  readonly a: PrunedVersions | null;
  readonly b: PrunedVersions | null;
  readonly failed?: FailedPrune;
}
