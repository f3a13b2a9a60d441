// One side of the pair, near or far. The session drives two of these and cannot tell which one is on this machine.
import type { Change, Outcome, Reason } from './core/change.js';
import type { Range } from './core/delta.js';
import type { Entry, FileEntry, LinkEntry } from './core/entry.js';
import type { Problem, SideHaltCode } from './core/errors.js';
import type { Introduction, RootDescription } from './core/partner.js';
import type { RelPath } from './core/path.js';

/** What to look at: what the watcher pointed to since the last look, or everything. */
export type ScanScope = 'hinted' | 'everything';

/** What one side has, as far as it differs from what its previous look said. */
export interface ScanResult {
  /** Parents before children; null: nothing is there any more, nor below. */
  readonly entries: readonly { readonly path: RelPath; readonly entry: Entry | null }[];
  /** Whether `entries` is all there is (a first look), instead of what changed. */
  readonly whole: boolean;
  /**
   * Paths of which nothing can be said now, nor of what lies below them: what cannot be read or carried, and what is new
   * and still in motion. They are neither there nor gone; what was known of them stays.
   */
  readonly unknown: readonly RelPath[];
  /** Files that lost content in a crash: what stands there is nobody's work, and no reason to overwrite anything. */
  readonly damaged?: readonly RelPath[];
  /** Everything that is in the way of looking at present, not only what is new. */
  readonly problems: readonly Problem[];
  /** The ignore rules in force on this side, gitignore lines. What they match is not in `entries`, and is not gone either. */
  readonly rules: readonly string[];
  /** How many paths are in motion (being written, or just vanished) and will be in a later look; a hint follows. */
  readonly unsettled: number;
  /** Which those are, vanished directories for all below them: what is known of them is older than what is there. */
  readonly moving?: readonly RelPath[];
  /** Why no file may be touched: the root is gone, is another one, or is emptied. Null where all is well. */
  readonly halt: { readonly code: SideHaltCode; readonly message: string } | null;
}

/** A file whose content is wanted; it is sent only while it is still the one that was seen. */
export interface Wanted {
  readonly path: RelPath;
  readonly file: FileEntry;
  /** What the receiver has of it already; none where everything is to be sent. */
  readonly offer?: Offer;
}

/** What may spare carrying a large content. */
export interface Offer {
  /** So many bytes of it from its beginning: an earlier transfer of the same content was cut there. */
  readonly have: number;
  /** The file whose place it takes; null where that is not worth comparing. */
  readonly base: BasisFile | null;
}

/** A file of the receiver by the sums of its blocks, for finding what of it is in another content. */
export interface BasisFile {
  /** Bytes. */
  readonly size: number;
  /** That of its content, by which the sender may know it. */
  readonly hash: string;
  /**
   * @param blockBytes a power of two; see `core/delta` for the bounds of all that is asked.
   * @returns two words for each whole block in `ranges`, in their order (see `disk/sums`); null where the file is not
   *   what it was any more.
   */
  sums(blockBytes: number, ranges: readonly Range[]): Promise<Uint32Array | null>;
}

/** A piece of the `n`-th wanted content, in order. The last piece of each (perhaps empty) says so. */
export type Content =
  | {
      readonly n: number;
      readonly data: Buffer;
      readonly last: boolean;
      /** To be called by who is done with `data`: the memory is used again. Without it nothing is lost but time. */
      readonly release?: () => void;
    }
  /** The offered base has these bytes of it. */
  | { readonly n: number; readonly copy: Range; readonly last: boolean }
  /** Comes first or never: the receiver has so many bytes from the beginning, as offered. */
  | { readonly n: number; readonly have: number; readonly last: boolean }
  /** The content cannot be had: the file changed, or could not be read. Nothing more follows for this `n`. */
  | { readonly n: number; readonly failed: Exclude<Outcome, { kind: 'done' | 'kept' }> };

/** How the `n`-th change of an apply ended. */
export interface Applied {
  readonly n: number;
  readonly outcome: Outcome;
}

/** An earlier content of a file, as it lies among its side's versions. */
export interface Version {
  /** Its path below `.lockstep/versions`. */
  readonly name: RelPath;
  /** Bytes. */
  readonly size: number;
  /** Modification time of the content, microseconds since 1970. */
  readonly mtime: number;
  /** When it was put aside, milliseconds since 1970, by its side's clock. */
  readonly replaced: number;
  /** Null where the record of it is lost. */
  readonly reason: Reason | null;
}

/** The earlier contents that one side keeps. */
export interface VersionReader {
  /** What is kept of the file at `path`, newest first. */
  list(path: RelPath): Promise<readonly Version[]>;
  /**
   * Reads the version called `name` through.
   * @returns what it is now, with its hash.
   * @throws SyncError `not-found` where it is gone, `failed` where it is not what was put aside or cannot be read.
   */
  scan(name: RelPath): Promise<FileEntry | LinkEntry>;
  /** The content of a version that `look` said was `file`, as the only one of an apply. */
  read(name: RelPath, file: FileEntry): AsyncIterable<Content>;
}

/** One root. Calls may overlap; each path is in one apply at most. */
export interface Replica {
  /**
   * Looks at the tree.
   * @param paths to be looked at in any case.
   * @throws SyncError where the side cannot be reached or its root cannot be looked at.
   */
  scan(scope: ScanScope, paths?: readonly RelPath[]): Promise<ScanResult>;
  /** What this side has of the content that `change` brings to it; null: nothing that would spare anything. */
  offer(change: Change): Promise<Offer | null>;
  /** The contents of `wanted`, one after the other. */
  read(wanted: readonly Wanted[]): AsyncIterable<Content>;
  /**
   * Carries out `changes` in their order, each compared with what stands there before it is written.
   * @param contents a piece stream as `read` gives it; `n` counts those changes that carry content, from 0. A stream that
   *   throws is resumed by a later apply: see `offer`.
   * @returns every change's outcome, in any order; a done one is durable.
   */
  apply(changes: readonly Change[], contents: AsyncIterable<Content>): AsyncIterable<Applied>;
  /**
   * Takes the write bits off the files at `paths`, or gives them back; of no paths: all back. To looks and changes they
   * keep their modes.
   */
  guard?(paths: readonly RelPath[], on: boolean): Promise<void>;
  /** A person confirmed that what vanished was meant to: the next look reports it. */
  acceptDeletes(): Promise<void>;
  /** Who a far side says it is. */
  readonly introduction?: Introduction;
  /**
   * Has a far side remember that everything up to `epoch` is recorded as shared with `partner`.
   * @throws SyncError where it cannot be remembered, or the side is of an earlier version.
   */
  acknowledge?(epoch: number, partner: RootDescription): Promise<void>;
  /** Called whenever a look would be worth while. */
  onHint(listener: () => void): void;
  /** Stops watching and lets go of everything. */
  close(): Promise<void>;
}
