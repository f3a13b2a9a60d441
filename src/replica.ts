// What a side of the pair can be asked. The session drives two replicas, one on this machine and one remote, and cannot
// tell them apart.
import type { Advice } from './core/advice.js';
import type { Change, Outcome, Reason } from './core/change.js';
import type { Range } from './core/delta.js';
import type { Entry, FileEntry, LinkEntry } from './core/entry.js';
import type { Problem, SideHaltCode } from './core/errors.js';
import type { Introduction, RootDescription } from './core/partner.js';
import type { RelPath } from './core/path.js';

/** The program that serves a remote side. */
export interface ServerFacts {
  /** Its version; null where it does not tell. */
  readonly version: string | null;
  /** How far its clock is ahead of the one here, in milliseconds; null where it does not tell. */
  readonly aheadMs: number | null;
}

/** What to scan: the paths that the watcher has hinted at since the last scan, or everything. */
export type ScanScope = 'hinted' | 'everything';

/** The result of a scan: how the side differs from what its previous scan reported. */
export interface ScanResult {
  /** Parents before children. A null entry means that nothing is at the path, nor below it. */
  readonly entries: readonly { readonly path: RelPath; readonly entry: Entry | null }[];
  /** Whether `entries` is the complete state (as in a first scan) and not the difference. */
  readonly whole: boolean;
  /**
   * Paths of which nothing can be said now, nor of anything below them: unreadable ones, types that are not
   * synchronised, and new paths that are not settled. They neither exist nor are gone; what was known of them stays.
   */
  readonly unknown: readonly RelPath[];
  /** Files that lost content in a crash. Their content is nobody's work and must not overwrite anything. */
  readonly damaged?: readonly RelPath[];
  /** All problems that the scan found, not only new ones. */
  readonly problems: readonly Problem[];
  /**
   * The ignore rules in force on this side, as gitignore lines. Paths that they match are not in `entries`, and are not
   * gone either.
   */
  readonly rules: readonly string[];
  /**
   * How many paths are not settled: being written, or just vanished. A later scan reports them; a hint announces it.
   */
  readonly unsettled: number;
  /**
   * The paths that are not settled; a vanished directory stands for all below it. What is known of them is older than
   * what is on the disk.
   */
  readonly moving?: readonly RelPath[];
  /** The files among `moving` that are being written or read, with their sizes in bytes when they were last scanned. */
  readonly arriving?: readonly { readonly path: RelPath; readonly size: number }[];
  /** Why no file may be written: the root is missing, is another one, or has lost its files. Null otherwise. */
  readonly halt: { readonly code: SideHaltCode; readonly message: string; readonly advice?: Advice } | null;
}

/** A requested content. It is sent only while the file is the one that was scanned. */
export interface Wanted {
  readonly path: RelPath;
  readonly file: FileEntry;
  /** What the receiver has of the content already; absent where everything is to be sent. */
  readonly offer?: Offer;
}

/** What the receiver already has of a large content, so that less has to be transferred (the basis of rsync). */
export interface Offer {
  /** Bytes from the beginning that an interrupted transfer of the same content left. */
  readonly have: number;
  /** The file that is replaced; null where a comparison does not pay. */
  readonly base: BasisFile | null;
}

/**
 * A file of the receiver as the sums of its blocks, for finding which blocks another content has in common with it.
 */
export interface BasisFile {
  /** Bytes. */
  readonly size: number;
  /** The SHA-256 of its content, so that the sender can recognise it. */
  readonly hash: string;
  /**
   * @param blockBytes a power of two; see `core/delta` for the limits of a request.
   * @returns two words for each whole block in `ranges`, in their order (see `disk/content/block-sums`); null where the
   *   file has changed.
   */
  sums(blockBytes: number, ranges: readonly Range[]): Promise<Uint32Array | null>;
}

/**
 * A piece of the `n`-th requested content. Pieces come in order; the last one of each content (which may be empty) has
 * `last` set.
 */
export type Content =
  | {
      readonly n: number;
      readonly data: Buffer;
      readonly last: boolean;
      /**
       * Called once `data` is not needed any more, so that its memory is reused. Not calling it costs only time.
       */
      readonly release?: () => void;
    }
  /** These bytes of the offered basis file are the next ones of the content. */
  | { readonly n: number; readonly copy: Range; readonly last: boolean }
  /** Only as the first piece: so many bytes from the beginning are what the receiver offered to have. */
  | { readonly n: number; readonly have: number; readonly last: boolean }
  /** The content cannot be read: the file changed, or is unreadable. Nothing more follows for this `n`. */
  | { readonly n: number; readonly failed: Exclude<Outcome, { kind: 'done' | 'kept' }> };

/**
 * Several small contents in one piece, the first of them the `n`-th: each whole, one after the other. It costs less than a
 * piece for each.
 */
export interface JoinedContents {
  readonly n: number;
  /** Bytes of each content. */
  readonly sizes: readonly number[];
  readonly joined: Buffer;
  /** As for `Content`. */
  readonly release?: () => void;
}

/** The outcome of the `n`-th change of an apply. */
export interface Applied {
  readonly n: number;
  readonly outcome: Outcome;
}

/** An earlier content of a file, as it is stored among the versions of its side. */
export interface Version {
  /** Its path below `.lockstep/versions`. */
  readonly name: RelPath;
  /** Bytes. */
  readonly size: number;
  /** Modification time of the content, microseconds since 1970. */
  readonly mtime: number;
  /** When it was moved to the versions, milliseconds since 1970, by the clock of its side. */
  readonly replaced: number;
  /** Null where its record is lost. */
  readonly reason: Reason | null;
}

/** A version, and the path that its content had. */
export interface RecentVersion extends Version {
  readonly of: RelPath;
}

/** What versions take of a disk. */
export interface VersionUsage {
  readonly files: number;
  readonly bytes: number;
}

/** What was removed of the versions of a side, or would be: those replaced up to `before`, milliseconds since 1970. */
export interface PrunedVersions extends VersionUsage {
  readonly before: number;
}

/** Reads the earlier contents that one side keeps, and removes old ones where a person asks for it. */
export interface VersionReader {
  /** The versions of the file at `path`, the newest first. */
  list(path: RelPath): Promise<readonly Version[]>;
  /**
   * The versions of all files, the newest first, in pieces.
   * @param since milliseconds since 1970: older ones are left out.
   */
  recent(since: number): AsyncIterable<readonly RecentVersion[]>;
  /** How much all versions take. */
  usage(): Promise<VersionUsage>;
  /**
   * Removes the versions that are older than `olderMs` milliseconds.
   * @param dryRun whether they are only counted.
   * @param before milliseconds since 1970 by the clock of the side, instead of `olderMs`: what an earlier call returned.
   * @returns what was removed, or would be.
   */
  prune(olderMs: number, dryRun: boolean, before?: number): Promise<PrunedVersions>;
  /**
   * Reads the version `name` whole.
   * @returns its entry, with the hash of its present content.
   * @throws SyncError `not-found` where it is gone, `failed` where it has changed or cannot be read.
   */
  entryOf(name: RelPath): Promise<FileEntry | LinkEntry>;
  /** The content of a version for which `entryOf` returned `file`; `n` is 0. */
  read(name: RelPath, file: FileEntry): AsyncIterable<Content>;
}

/** A document that a program has open. */
export interface OpenDocument {
  readonly path: RelPath;
  /** What people call the program. */
  readonly app: string;
  /** The name of the person who has it open, as far as the program tells it. */
  readonly owner: string;
  /** The account of that person as `user@host`; null where the program does not tell it. */
  readonly account: string | null;
}

/** The documents that are open on one side. */
export interface OpenDocuments {
  /** The account of the server of the side, as `user@host`. */
  readonly account: string;
  /** One for each path. */
  readonly documents: readonly OpenDocument[];
}

/** A lock of somebody on the other side, to be shown by programs on this one. */
export interface ShownLock {
  readonly path: RelPath;
  /** Null: it is not shown any more. `since` is in milliseconds since 1970. */
  readonly holder: { readonly user: string; readonly host: string; readonly since: number } | null;
}

/** One root. Calls may overlap, but each path is in one apply at most. */
export interface Replica {
  /**
   * Scans the tree.
   * @param paths scanned and reported in any case, even where they have not changed.
   * @throws SyncError where the side cannot be reached or its root cannot be scanned.
   */
  scan(scope: ScanScope, paths?: readonly RelPath[]): Promise<ScanResult>;
  /** What this side has of the content that `change` brings to it; null where that would save nothing. */
  offer(change: Change): Promise<Offer | null>;
  /** Reads the contents of `wanted`, one after the other. */
  read(wanted: readonly Wanted[]): AsyncIterable<Content>;
  /** As `read`, with small contents joined. Absent where that saves nothing. */
  readJoined?(wanted: readonly Wanted[]): AsyncIterable<Content | JoinedContents>;
  /**
   * Carries out `changes` in their order. Each is compared with the present entry before it is written.
   * @param contents pieces as `read` or `readJoined` returns them; `n` counts the changes that carry content, from 0. If the stream
   *   throws, a later apply resumes it: see `offer`.
   * @returns the outcome of every change, in any order; a change that is `done` is durable.
   */
  apply(changes: readonly Change[], contents: AsyncIterable<Content | JoinedContents>): AsyncIterable<Applied>;
  /**
   * Takes the write bits off the files at `paths`, or gives them back; without paths it gives all back. Scans and
   * changes do not see this.
   */
  guard?(paths: readonly RelPath[], on: boolean): Promise<void>;
  /**
   * Puts owner files beside documents that the other side has locked, or removes them.
   * @param anew whether `locks` are all that are to be shown.
   */
  showLocks?(locks: readonly ShownLock[], anew: boolean): Promise<void>;
  /** Accepts the losses that a person has confirmed: the next scan reports them. */
  acceptDeletes(): Promise<void>;
  /** How a remote side introduced itself. */
  readonly introduction?: Introduction;
  /**
   * Makes a remote side store that everything up to `epoch` is recorded as shared with `partner`.
   * @throws SyncError where it cannot be stored, or the side runs an earlier version.
   */
  acknowledge?(epoch: number, partner: RootDescription): Promise<void>;
  /** Sets the function that is called whenever a scan would find something. */
  onHint(listener: () => void): void;
  /**
   * Sets the function that is called with every document that is open, once that is known, when it changes, and from
   * time to time by a remote side. A side that runs an earlier version never calls it.
   */
  onOpened?(listener: (open: OpenDocuments) => void): void;
  /** Stops watching and releases the root or the connection. */
  close(): Promise<void>;
}
