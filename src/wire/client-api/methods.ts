// The messages as types: JSON-RPC 2.0, one object a line, and one extension: a message with `payload` is followed by
// that many raw bytes. What each method takes and gives is here; checking is `check`, bytes are `frames`.

import type { Advice } from '../../core/advice.js';
import type { Action } from '../../core/change.js';
import type { ErrorCode, Problem } from '../../core/errors.js';
import type { NumberedEvent } from '../../core/events.js';
import type { HeldWay } from '../../core/locks/records.js';
import type { Side } from '../../core/path.js';
import type { GivenNames } from '../../core/side-name.js';
import type { ServerFacts } from '../../replica.js';
import type { Ignored } from './ignored.js';
import type { NoticeRow } from './notice.js';
import type { PlanPreview } from './plan.js';
import type { Pruned } from './pruned.js';
import type { VersionRow, VersionUsage } from './version-rows.js';

export const PROTOCOL_VERSION = 1;

// ---- what server-a answers to clients -------------------------------------------------------------------------------

/** A file to act on, by its index in the server's present listing or by its path. The client expands globs. */
export type Target = { readonly index: number } | { readonly path: string };

export interface LockInfo {
  readonly owner: string;
  readonly side: Side;
  /** ISO 8601, as all times on the wire. */
  readonly since: string;
  readonly expires: string | null;
  readonly message: string;
  readonly token: number;
  /** Present where nobody took the lock by hand, and with it the next three. */
  readonly kind?: 'auto';
  /** The program that has the document open; null where changes of the file tell of its use. */
  readonly app?: string | null;
  /** The account that the owner works under, as `user@host`; null where it is not known. */
  readonly account?: string | null;
  /** Since when the side of the lock is away; null while it is connected. */
  readonly away?: string | null;
}

export interface ListEntry {
  readonly index: number;
  readonly path: string;
  readonly type: 'file' | 'symlink';
  readonly size: number;
  readonly mtime: string;
  readonly mode: number;
  readonly on: 'both' | Side;
  readonly lock: LockInfo | null;
  readonly held: number;
  /** Present while the content is being transferred: percent, 0 to 100. */
  readonly syncing?: number;
}

export interface Listing {
  readonly generation: number;
  readonly entries: readonly ListEntry[];
}

export interface LockRow extends Omit<LockInfo, 'kind' | 'app' | 'away'> {
  readonly path: string;
  readonly kind: 'manual' | 'auto';
  /** The program that has the document open on the side of the lock. */
  readonly app: string | null;
  readonly away: string | null;
  readonly held: number;
  readonly waiting: readonly { readonly owner: string; readonly since: string }[];
  /** Who has asked the holder to unlock, where somebody has. */
  readonly asked?: readonly { readonly by: string; readonly message: string; readonly time: string }[];
}

export interface HeldRow {
  readonly path: string;
  readonly position: number;
  readonly action: Action;
  readonly size: number;
  readonly received: string;
  /** The content hash of the version on which the update is based; null where there was none. */
  readonly base: string | null;
}

/** A conflict copy. */
export interface ConflictRow {
  /** The file whose copy it is. */
  readonly path: string;
  readonly copy: string;
  /** The side whose content it is. */
  readonly side: Side;
  /** When it was made. */
  readonly time: string;
  readonly size: number;
  readonly mtime: string;
  readonly on: 'both' | Side;
  /** The present file itself; null where it is gone. */
  readonly original: { readonly size: number; readonly mtime: string } | null;
}

export type PairState = 'in-sync' | 'syncing' | 'scanning' | 'paused' | 'halted' | 'peer-lost';

export interface Status {
  readonly state: PairState;
  readonly peer: { readonly address: string; readonly connected: boolean };
  readonly a: { readonly files: number; readonly bytes: number };
  readonly b: { readonly files: number; readonly bytes: number } | null;
  /** How many paths are still to be compared or transferred; while nothing is transferred, how many wait. */
  readonly pending: number;
  readonly held: number;
  readonly locks: number;
  readonly conflicts: number;
  readonly problems: readonly Problem[];
  /** What versions take on each side; null where it is not known. */
  readonly versions: { readonly a: VersionUsage | null; readonly b: VersionUsage | null };
  /** Who has paused the pair, and since when; null where it is not paused. */
  readonly paused: { readonly by: string; readonly since: string } | null;
  /** The work that is left: changes, and bytes of content. */
  readonly left: Volume;
  /** When both sides last agreed: now, while they do; null where they never have. */
  readonly lastInSync: string | null;
  /**
   * The sides that are shown as they were last seen, because they are away, are not scanned again yet, or cannot be
   * believed (a halt); absent where none is.
   */
  readonly outdated?: readonly Side[];
  /** Present where it was asked for. */
  readonly servers?: Servers;
  /** What texts for people call the sides; absent where nobody has named them. */
  readonly names?: GivenNames;
}

/** The two servers. */
interface Servers {
  readonly a: { readonly version: string };
  /** Null while it is not connected. */
  readonly b: ServerFacts | null;
}

/** A number of changes, and their bytes of content. */
interface Volume {
  readonly files: number;
  readonly bytes: number;
}

/** A content in transfer, in bytes. */
export interface Transfer {
  readonly path: string;
  readonly to: Side;
  readonly size: number;
  readonly arrived: number;
  /** Present while it is still being written or read where it changed: its size may grow. */
  readonly reading?: true;
}

/** What is being carried now, the largest first, and how far the work has come: what is done of it, and what is left. */
export interface Transfers {
  readonly transfers: readonly Transfer[];
  readonly left: Volume;
  readonly done: Volume;
  /** How much of the work is done, 0–99: it never runs backwards, though more work may turn up. 0 without work. */
  readonly percent: number;
}

/** The result for one target of a command. */
export interface Acted {
  readonly path: string;
  readonly changed: boolean;
  readonly [fact: string]: unknown;
}

/** A target that was refused, with the same fields as an error. */
export interface Refused {
  readonly path: string;
  readonly changed: false;
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly hint: string;
    /** The hint with its steps as data. */
    readonly advice?: Advice;
  };
  /** The lock in the way, where another holds one, with how many updates it holds back and how many wait for it. */
  readonly lock?: LockInfo & { readonly held: number; readonly waiting: number };
  /** Whether the caller is told when the path is free, where the request has changed that. */
  readonly notify?: boolean;
}

/** What remains when everything possible is done. */
export interface Flushed {
  readonly flushed: true;
  readonly held: number;
  readonly problems: number;
}

/** What confirms a halt; see docs/troubleshooting.md. */
export interface Confirmation {
  /** The missing files that halted the pair were deleted on purpose. */
  readonly acceptDeletes?: boolean;
  /** The present root is meant: both sides meet as for the first time, and nothing is deleted. */
  readonly newPartner?: boolean;
  /** Side a follows side b back to an older state. */
  readonly acceptRollback?: boolean;
  /** The locks that were lost with a damaged lock table are given up. */
  readonly acceptLostLocks?: boolean;
}

/** All methods of server-a with their params and results. */
export interface ClientMethods extends FileMethods {
  hello: {
    params: { protocol: number; role?: 'client' | 'peer'; program?: string };
    /** `roots`: the ids of the roots of the pair; side b's is null before it was ever there. */
    result: { protocol: number; server: 'a'; version: string; roots: { a: string; b: string | null } };
  };
  /** Answered at once, also while the maximum number of calls waits. */
  ping: { params: Record<string, never>; result: Record<string, never> };
  /** `compact`: rows as arrays, see `compact-rows`; `limit`: no more rows than these, the first ones. */
  list: { params: { compact?: boolean; limit?: number }; result: Listing };
  locks: { params: Record<string, never>; result: { locks: readonly LockRow[] } };
  held: { params: { target?: Target }; result: { held: readonly HeldRow[] } };
  /**
   * `wait` joins the queue (without limit, or for `waitMs`): notifications `waiting {path, owner, position}` tell the
   * position. `notify`: a request that is refused has `owner` told, once, when the path is free.
   */
  lock: {
    params: {
      targets: readonly Target[];
      owner: string;
      side?: Side;
      message?: string;
      ttlMs?: number;
      steal?: boolean;
      wait?: boolean;
      waitMs?: number;
      notify?: boolean;
    };
    result: { targets: readonly (Acted | Refused)[]; notices?: readonly NoticeRow[] };
  };
  unlock: {
    params: { targets: readonly Target[]; owner: string; force?: boolean; held?: HeldWay };
    result: { targets: readonly (Acted | Refused)[]; notices?: readonly NoticeRow[] };
  };
  /** Asks the holders of locks to unlock them. A result has the holder as `owner`, null where there is none. */
  ask: {
    params: { targets: readonly Target[]; owner: string; message?: string };
    result: { targets: readonly (Acted | Refused)[] };
  };
  /**
   * Locks that `owner` has lost since the last notice; each is reported once, here or with an answer to lock or unlock.
   * `all`: also the notices that clients of earlier versions have no words for, `asked` and `free`.
   */
  notices: { params: { owner: string; all?: boolean }; result: { notices: readonly NoticeRow[] } };
  /**
   * Of one file, or without a target of all files, the newest first: then `since` (ISO 8601), `deleted` (only what was
   * deleted and is not there) and `limit` say which. `away`: sides that could not be asked. `more`: the limit was met.
   */
  versions: {
    params: { target?: Target; since?: string; deleted?: boolean; limit?: number };
    result: { versions: readonly VersionRow[]; away: readonly Side[]; more?: boolean };
  };
  /** The version with the number `at` (1 unless given), or the one that lies in `where` on `side`. */
  restore: { params: { target: Target; owner: string; at?: number; side?: Side; where?: string }; result: Acted };
  /**
   * Removes versions older than `olderMs`; `dryRun` only counts them. A side that is away is null. `before`: the moments
   * that an earlier call returned, instead of `olderMs`; a side for which there is none is left as it is.
   */
  prune: { params: { olderMs: number; dryRun?: boolean; before?: { a?: number; b?: number } }; result: Pruned };
  /** `path`: also one that may not be used, such as those in `.lockstep`. */
  checkIgnore: { params: { path: string }; result: Ignored };
  conflicts: { params: Record<string, never>; result: { conflicts: readonly ConflictRow[] } };
  resolve: { params: { target: Target; owner: string; keep: Side | 'both' }; result: Acted };
  /** `servers`: whether to tell of the two servers, too. */
  status: { params: { servers?: boolean }; result: Status };
  /** @throws SyncError `busy` until both sides have been scanned, and while two others are sent a plan. */
  plan: { params: Record<string, never>; result: PlanPreview };
  transfers: { params: Record<string, never>; result: Transfers };
  flush: { params: { timeoutMs?: number }; result: Flushed };
  rescan: { params: Record<string, never>; result: { rescanning: true } };
  /** The address that opens the page for `owner`, where no key proves a name; it serves once, for ten minutes. */
  web: { params: { owner?: string }; result: { address: string } };
  /** `owner`: who asks for it. */
  pause: { params: { owner?: string }; result: { changed: boolean } };
  resume: { params: Confirmation & { owner?: string }; result: { changed: boolean } };
  /**
   * What happened, from the event log, the latest last. `target`: about this file, or what is below this directory;
   * `prefix`: about paths that begin so. `since` is a time, `ageMs` how long ago; the later counts. `damaged`: how many
   * lines of the log could not be read.
   */
  log: {
    params: { target?: Target; prefix?: string; since?: string; ageMs?: number };
    result: { events: readonly NumberedEvent[]; damaged?: number };
  };
  /**
   * Ends only with the connection; every event is sent as a notification `event`. `since`: begin after the event with
   * this number, of the run `run` (by default the present one); a notification `gap` says where events are missing.
   */
  watch: { params: { since?: number; run?: string }; result: { ended: true } };
}

/** The file that is being downloaded. */
export interface DownloadedFile {
  readonly path: string;
  readonly size: number;
  readonly mtime: string;
  readonly mode: number;
  /** SHA-256 of the whole content, hexadecimal. */
  readonly hash: string;
  /** The offset at which the content begins: the requested one, or 0. */
  readonly from: number;
}

/** The methods that transfer and change files; part of `ClientMethods`. */
interface FileMethods {
  /**
   * `name`: where `path` is a directory, the file goes into it under this name. The server sends a notification `ready`
   * when it wants the content, which the client then sends in notifications `content {last?, hash?}` with payloads.
   * `replaces`: the file that it replaces must have this hash.
   */
  upload: {
    params: {
      path: string;
      name?: string;
      owner: string;
      size: number;
      mtime?: string;
      mode?: number;
      overwrite?: boolean;
      replaces?: string;
    };
    result: Acted;
  };
  /**
   * The server sends a notification `file`, see `DownloadedFile`, then `content` with payloads. `from`: the number of
   * bytes that the caller has of the content with this `hash`; if the file has another hash now, the content is sent
   * from its beginning. `side`: what that side has; `at`, or `side` and `where` of a row: an earlier version.
   */
  download: {
    params: { target: Target; from?: number; hash?: string; at?: number; side?: Side; where?: string };
    result: { path: string; size: number; hash: string };
  };
  rename: { params: { target: Target; to: string; owner: string; overwrite?: boolean }; result: Acted };
  delete: {
    params: { targets: readonly Target[]; owner: string; recursive?: boolean };
    result: { targets: readonly (Acted | Refused)[] };
  };
}
