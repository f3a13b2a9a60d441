// What every step of a look stands on: the root, what was last seen in it, and the questions that all of them ask.

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

export interface ScanContext {
  readonly root: Root;
  readonly snapshot: Snapshot;
  readonly directories: WatchedDirectories;
  readonly unsettled: Unsettled;
  readonly problems: Problems;
  readonly damage: Damage;
  rules: IgnoreRules;
  /** Files with several names that we changed through one of them: the next look visits the others. */
  readonly linked: Set<number>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly absolute: (path: RelPath | '') => string;
  /** The mode that a file is reported with: a guarded one keeps the one that it had. */
  readonly reported: (path: RelPath, stats: fs.Stats) => number;
}

/** What lstat says of a path: its stats, null for nothing there, or an error that leaves it unknown. */
export type Standing = fs.Stats | null | NodeJS.ErrnoException;

/** Never follows a link in the last name of `absolute`. */
export function standingAt(absolute: string): Standing {
  try {
    return fs.lstatSync(absolute, { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOTDIR' ? null : (error as NodeJS.ErrnoException);
  }
}

/** @returns the stats where something stands and can be looked at. */
export function statsAt(absolute: string): fs.Stats | null {
  const standing = standingAt(absolute);
  return standing instanceof Error ? null : standing;
}

/**
 * @returns the highest directory above `path` that is not the one that is known, watched and read (moved, removed,
 * swapped for a link), or `path` itself where all are. Looking below such a directory would see another tree, perhaps
 * outside the root.
 */
export function highestUnsound(context: ScanContext, path: RelPath | '', checked: Map<string, boolean>): RelPath | '' {
  if (path === '') return '';
  if (!isSoundDir(context, '', checked)) return '';
  for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
    const dir = path.slice(0, slash) as RelPath;
    if (!isSoundDir(context, dir, checked)) return dir;
  }
  return path;
}

function isSoundDir(context: ScanContext, dir: RelPath | '', checked: Map<string, boolean>): boolean {
  let sound = checked.get(dir);
  if (sound === undefined) {
    const stats = statsAt(context.absolute(dir));
    sound = stats !== null && isKnownDir(context, dir, stats);
    checked.set(dir, sound);
  }
  return sound;
}

/**
 * @returns whether `stats` are those of the directory last seen at `path`, watched and read. Under other permission bits
 *   it may be readable no more.
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

export interface ScannerOptions {
  readonly root: Root;
  /** The patterns of --ignore, gitignore lines. */
  readonly ignore: readonly string[];
  /** What was remembered of an earlier run; content is read again only where a signature differs. */
  readonly known?: Snapshot;
  /** False: nothing is watched, and only looks at everything find anything. */
  readonly watch: boolean;
  readonly forcePolling?: boolean;
  /** How to watch, where that is not to be chosen by the system. */
  readonly watchKind?: WatchKind;
  /** Milliseconds since 1970, by the clock that stamps files. */
  readonly now?: () => number;
  /** Called when a look would be worth while; not again before the next look has begun. */
  readonly onHint: () => void;
  readonly log?: Logger;
  /** The mode that a file is reported with, where that is not the one on disk. */
  readonly reported?: (path: RelPath, stats: Stats) => number;
  /** Tells what a crash did from what people did. */
  readonly damage?: Damage;
}
