// One side of the pair, near or far. The session drives two of these and cannot tell which one is on this machine.
import type { Change, Outcome } from '../core/change.js';
import type { Entry, FileEntry } from '../core/entry.js';
import type { HaltCode, Problem } from '../core/errors.js';
import type { RelPath } from '../core/path.js';

/** What to look at: what the watcher pointed to since the last look, or everything. */
export type LookScope = 'hinted' | 'everything';

/** What one side has, as far as it differs from what its previous look said. */
export interface Look {
  /** Parents before children; null: nothing is there any more, nor below. */
  readonly entries: readonly { readonly path: RelPath; readonly entry: Entry | null }[];
  /** Whether `entries` is all there is (a first look), instead of what changed. */
  readonly whole: boolean;
  /**
   * Paths of which nothing can be said now, nor of what lies below them: what cannot be read or carried, and what is new
   * and still in motion. They are neither there nor gone; what was known of them stays.
   */
  readonly unknown: readonly RelPath[];
  /** Everything that is in the way of looking at present, not only what is new. */
  readonly problems: readonly Problem[];
  /** The ignore rules in force on this side, gitignore lines. What they match is not in `entries`, and is not gone either. */
  readonly rules: readonly string[];
  /** How many paths are in motion (being written, or just vanished) and will be in a later look; a hint follows. */
  readonly unsettled: number;
  /** Why no file may be touched: the root is gone, is another one, or is emptied. Null where all is well. */
  readonly halt: { readonly code: HaltCode; readonly message: string } | null;
}

/** A file whose content is wanted; it is sent only while it is still the one that was seen. */
export interface Wanted {
  readonly path: RelPath;
  readonly file: FileEntry;
}

/** A piece of the `n`-th wanted content, in order. The last piece of each (perhaps empty) says so. */
export type Content =
  | { readonly n: number; readonly data: Buffer; readonly last: boolean }
  /** The content cannot be had: the file changed, or could not be read. Nothing more follows for this `n`. */
  | { readonly n: number; readonly failed: Exclude<Outcome, { kind: 'done' | 'kept' }> };

/** How the `n`-th change of an apply ended. */
export interface Applied {
  readonly n: number;
  readonly outcome: Outcome;
}

/** One root. Calls may overlap; each path is in one apply at most. */
export interface Replica {
  /**
   * Looks at the tree.
   * @param paths to be looked at in any case.
   * @throws SyncError where the side cannot be reached or its root cannot be looked at.
   */
  look(scope: LookScope, paths?: readonly RelPath[]): Promise<Look>;
  /** The contents of `wanted`, one after the other. */
  read(wanted: readonly Wanted[]): AsyncIterable<Content>;
  /**
   * Carries out `changes` in their order, each compared with what stands there before it is written.
   * @param contents a piece stream as `read` gives it; `n` counts those changes that carry content, from 0.
   * @returns every change's outcome, in any order; a done one is durable.
   */
  apply(changes: readonly Change[], contents: AsyncIterable<Content>): AsyncIterable<Applied>;
  /** A person confirmed that what vanished was meant to: the next look reports it. */
  acceptDeletes(): Promise<void>;
  /** Called whenever a look would be worth while. */
  onHint(listener: () => void): void;
  /** Stops watching and lets go of everything. */
  close(): Promise<void>;
}
