// From what the watcher says to hints: paths below the root, without what is never synchronised.

import { joinPath, pathFault, type RelPath } from '../../core/path.js';
import type { Logger } from '../../log.js';
import type { Hints } from '../watch/hints.js';
import { bestWatchKind, openWatcher, unwatched } from '../watch/open.js';
import type { Watcher, WatchListener } from '../watch/watcher.js';
import type { ScannerOptions } from './context.js';
import { type ScanContext, statsAt } from './context.js';
import { isNeverSynchronised } from './ignore-rules.js';

/** @param ground asked for at each event: the watcher is part of it, and so comes first. */
function hintListener(context: () => ScanContext, hints: Hints, log: Logger): WatchListener {
  const relative = (dir: string) => dir.slice(context().root.path.length + 1) as RelPath | '';
  return {
    changed(dir, name) {
      const at = relative(dir);
      if (name === null) hints.add(at, true);
      else if (!isNeverSynchronised(name)) hintNamed(at, name, hints);
    },
    doubtful(dir) {
      const at = relative(dir);
      context().directories.doubtUnlessProven(at, statsAt(dir), context().now());
      hints.add(at);
    },
    overflowed() {
      log.detail('The system dropped file events; everything is looked at again.');
      context().directories.doubt('');
      hints.addAll();
    },
    limited(dir) {
      context().problems.limitWatches(relative(dir) || '.');
    },
  };
}

/** A name that makes no path is found, and reported, when its directory is read. */
function hintNamed(dir: RelPath | '', name: string, hints: Hints): void {
  const path = joinPath(dir, name);
  if (pathFault(path) === null) hints.add(path);
  else hints.add(dir, true);
}

/** @returns what watches the tree of `ground`, where it is to be watched. */
export function watcherFor(options: ScannerOptions, context: () => ScanContext, hints: Hints, log: Logger): Watcher {
  if (!options.watch) return unwatched;
  const kind = options.watchKind ?? bestWatchKind(options.forcePolling ?? false);
  return openWatcher(kind, hintListener(context, hints, log));
}
