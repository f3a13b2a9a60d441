// How the root of one side is known to the other, so that another root, an older state of it, or a directory on which its
// disk is not mounted is told from the one that was synchronised.

/** A root as its server describes it. */
export interface RootDescription {
  /** Its id, made once. */
  readonly root: string;
  /** Its absolute path. */
  readonly dir: string;
  /** The device that it is on. */
  readonly device: string;
  /** The machine that it is on; see `disk/machine`. */
  readonly machine: string;
}

/** What server-b says of itself and of what it remembers. */
export interface Introduction {
  /** The id of its root. */
  readonly root: string;
  /** Ids that the same root had before what was known of it was lost, the latest last. */
  readonly former: readonly string[];
  /** Its absolute path; '' where an earlier version does not say. */
  readonly dir: string;
  /** The last epoch that it acknowledged, 0 for none; null where an earlier version keeps none. */
  readonly epoch: number | null;
  /** The side a that it was in step with last. */
  readonly partner: RootDescription | null;
}

/** @returns an introduction that says no more than the id. */
export const introducedBy = (root: string): Introduction => ({
  root,
  former: [],
  dir: '',
  epoch: null,
  partner: null,
});
