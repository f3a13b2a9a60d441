// How the sides of a pair recognise each other's roots, so that another root, an older state of the same root, or a
// directory without its disk mounted is not taken for the root that was synchronised.

/** A root, as its server describes it. */
export interface RootDescription {
  /** Its id, which never changes. */
  readonly root: string;
  /** Its absolute path. */
  readonly dir: string;
  /** The device of its file system. */
  readonly device: string;
  /** Its machine; see `disk/machine`. */
  readonly machine: string;
}

/** What server-b tells server-a about its root and its stored state. */
export interface Introduction {
  /** The id of its root. */
  readonly root: string;
  /** Earlier ids of the same root, from before its state was lost; the latest is last. */
  readonly former: readonly string[];
  /** Its absolute path; '' where an earlier version does not send it. */
  readonly dir: string;
  /** The last epoch that it acknowledged, 0 for none; null where an earlier version does not store one. */
  readonly epoch: number | null;
  /** The side a that it last agreed with. */
  readonly partner: RootDescription | null;
}

/** @returns an introduction that consists of the id only. */
export const introducedBy = (root: string): Introduction => ({
  root,
  former: [],
  dir: '',
  epoch: null,
  partner: null,
});
