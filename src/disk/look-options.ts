// What looking at a tree needs to be told.
import type { Stats } from 'node:fs';
import type { RelPath } from '../core/path.js';
import type { Snapshot } from '../core/snapshot.js';
import type { Logger } from '../log.js';
import type { Damage } from './scan/crash-damage.js';
import type { Root } from './state/root.js';
import type { WatchKind } from './watch/watcher.js';

export interface LookerOptions {
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
