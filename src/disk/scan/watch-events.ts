// Turns watcher events into hints: paths below the root, without names that are never synchronised.

import { joinPath, pathFault, type RelPath } from '../../core/path.js';
import type { Logger } from '../../log.js';
import type { Hints } from '../watch/hints.js';
import { bestWatchKind, openWatcher, unwatched } from '../watch/open.js';
import { SELF, type Watcher, type WatchListener } from '../watch/watcher.js';
import type { ScannerOptions } from './context.js';
import { type ScanContext, statsAt } from './context.js';
import { isNeverSynchronised } from './ignore-rules.js';

/** @param context asked for at each event, because the watcher is made before the context that contains it. */
function hintListener(context: () => ScanContext, hints: Hints, log: Logger): WatchListener {
  const relative = (dir: string) => dir.slice(context().root.path.length + 1) as RelPath | '';
  return {
    changed(dir, name) {
      const at = relative(dir);
      if (name !== null && name !== SELF) context().ownerFiles?.named(at, name);
      if (name === null) hints.add(at, true);
      else if (name === SELF) hints.add(at);
      else if (!isNeverSynchronised(name)) hintNamed(at, name, hints);
    },
    doubtful(dir) {
      const at = relative(dir);
      context().directories.doubtUnlessProven(at, statsAt(dir), context().now());
      hints.add(at);
    },
    lost(dir) {
      const at = relative(dir);
      context().directories.doubt(at);
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

/** A name that makes no valid path is reported as a problem when its directory is read. */
function hintNamed(dir: RelPath | '', name: string, hints: Hints): void {
  const path = joinPath(dir, name);
  if (pathFault(path) === null) hints.add(path);
  else hints.add(dir, true);
}

/** @returns the watcher of the tree of `context`; one that does nothing where `options` ask for none. */
export function watcherFor(options: ScannerOptions, context: () => ScanContext, hints: Hints, log: Logger): Watcher {
  if (!options.watch) return unwatched;
  const kind = options.watchKind ?? bestWatchKind(options.forcePolling ?? false);
  return openWatcher(kind, hintListener(context, hints, log));
}
