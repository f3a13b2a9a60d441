// What every step of a scan shares: the root, the snapshot of what was last seen, and lstat with its errors as values.

import type { Stats } from 'node:fs';
import * as fs from 'node:fs';
import type { RelPath } from '../../core/path.js';
import type { Snapshot } from '../../core/snapshot.js';
import type { Logger } from '../../log.js';
import type { Root } from '../fs/parents.js';
import { modeOf } from '../fs/signature.js';
import type { WatchedDirectories } from '../watch/directories.js';
import type { WatchKind } from '../watch/open.js';
import type { Damage } from './crash-damage.js';
import type { IgnoreRules } from './ignore-rules.js';
import type { Problems } from './problems.js';
import type { Unsettled } from './unsettled.js';

/** Is told where the owner files of programs may have changed. */
interface OwnerFileListener {
  /** The owner files in `dir` may have changed. */
  noticed(dir: RelPath | ''): void;
  /** Something has happened to `name` in `dir`. */
  named(dir: RelPath | '', name: string): void;
}

/** The state of one scanner, given to each step. */
export interface ScanContext {
  readonly root: Root;
  readonly snapshot: Snapshot;
  readonly directories: WatchedDirectories;
  readonly unsettled: Unsettled;
  readonly problems: Problems;
  readonly damage: Damage;
  rules: IgnoreRules;
  /** Inodes of hard-linked files that changed through one of their names: the next scan visits the other names. */
  readonly linked: Set<number>;
  readonly ownerFiles: OwnerFileListener | null;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly absolute: (path: RelPath | '') => string;
  /** @returns the permission bits that a file is reported with; a guarded file is reported with those it had before. */
  readonly reported: (path: RelPath, stats: fs.Stats) => number;
}

/** The result of lstat: stats; null where nothing is there; or the error that leaves the path unknown. */
export type LstatResult = fs.Stats | null | NodeJS.ErrnoException;

/** Runs lstat on `absolute`: a link as its last name is not followed. */
export function lstatAt(absolute: string): LstatResult {
  try {
    return fs.lstatSync(absolute, { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOTDIR' ? null : (error as NodeJS.ErrnoException);
  }
}

/** @returns the stats; null where nothing is there or lstat fails. */
export function statsAt(absolute: string): fs.Stats | null {
  const lstat = lstatAt(absolute);
  return lstat instanceof Error ? null : lstat;
}

/**
 * @param checked results for directories that were already checked in this scan.
 * @param isRead whether a directory that differs from the snapshot was already read in this scan.
 * @returns the highest directory above `path` that is no longer the known, watched one (it was moved, removed or
 *   replaced by a link); `path` itself where all of them are. A scan below such a directory would read another tree,
 *   perhaps outside the root.
 */
export function highestUnsound(
  context: ScanContext,
  path: RelPath | '',
  checked: Map<string, boolean>,
  isRead: (dir: RelPath | '') => boolean = () => false,
): RelPath | '' {
  if (path === '') return '';
  if (!isSoundDir(context, '', checked, isRead)) return '';
  for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
    const dir = path.slice(0, slash) as RelPath;
    if (!isSoundDir(context, dir, checked, isRead)) return dir;
  }
  return path;
}

function isSoundDir(
  context: ScanContext,
  dir: RelPath | '',
  checked: Map<string, boolean>,
  isRead: (dir: RelPath | '') => boolean,
): boolean {
  let sound = checked.get(dir);
  if (sound === undefined) {
    const stats = statsAt(context.absolute(dir));
    const isOther = doubtIfOther(context, dir, stats);
    sound = !isOther && (isRead(dir) || isKnownDir(context, dir, stats!));
    checked.set(dir, sound);
  }
  return sound;
}

/**
 * To be called with what lstat says of `dir` where a scan wanted to read in it. If it is another directory, or gone, the
 * scan takes hints of the watched one without following them; so that one must be read when it comes back.
 * @returns whether it is another one.
 */
export function doubtIfOther({ directories }: ScanContext, dir: RelPath | '', stats: fs.Stats | null): boolean {
  if (stats !== null && directories.isSame(dir, stats)) return false;
  directories.doubt(dir);
  return true;
}

/**
 * @returns whether `stats` are those of the directory last seen at `path`, and it is watched and was read. Other
 *   permission bits count as a difference: they may make the directory unreadable.
 */
export function isKnownDir(
  { directories, snapshot, problems }: ScanContext,
  path: RelPath | '',
  stats: fs.Stats,
): boolean {
  const node = snapshot.get(path);
  if (!directories.isSame(path, stats) || node?.type !== 'dir') return false;
  return path === '' || (!problems.has(path) && (directories.heldMode(path) ?? node.mode) === modeOf(stats));
}

/** How a scanner is opened. */
export interface ScannerOptions {
  readonly root: Root;
  /** The patterns of --ignore, gitignore lines. */
  readonly ignore: readonly string[];
  /** The snapshot of an earlier run. Content is read again only where a signature differs from it. */
  readonly known?: Snapshot;
  /** False: nothing is watched, and only scans of everything find changes. */
  readonly watch: boolean;
  readonly forcePolling?: boolean;
  /** The kind of watcher; by default the one that fits the platform. */
  readonly watchKind?: WatchKind;
  /** Milliseconds since 1970, by the clock that stamps files. */
  readonly now?: () => number;
  /** Called when a scan is worth while, at most once until the next scan begins. */
  readonly onHint: () => void;
  readonly log?: Logger;
  /** @returns the permission bits to report for a file; by default those on disk. */
  readonly reported?: (path: RelPath, stats: Stats) => number;
  /** Is told where owner files may have changed; absent where nobody asks. */
  readonly ownerFiles?: OwnerFileListener;
  /** Distinguishes damage by a crash from edits. */
  readonly damage?: Damage;
}
