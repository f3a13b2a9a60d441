// Chooses the kind of watcher for this system and opens it.
import { chokidarWatcher } from './chokidar.js';
import { nativeWatcher } from './native.js';
import type { Watcher, WatchListener } from './watcher.js';

/**
 * `native`: one fs.watch for each directory; `chokidar`: the system's events through chokidar; `polling`: no events.
 */
export type WatchKind = 'native' | 'chokidar' | 'polling';

/** @returns the best kind for this system. */
export function bestWatchKind(forcePolling: boolean): WatchKind {
  if (forcePolling) return 'polling';
  return process.platform === 'linux' ? 'native' : 'chokidar';
}

/**
 * Opens a watcher. Linux uses one fs.watch for each directory: after many moves of directories, chokidar 5 had 1 % of
 * the entries wrong, and fs.watch none. chokidar is used on other systems, and polls where no watches are left.
 */
export function openWatcher(kind: WatchKind, listener: WatchListener): Watcher {
  if (kind === 'native') return nativeWatcher(listener, () => chokidarWatcher(listener, { polling: true }));
  return chokidarWatcher(listener, { polling: kind === 'polling' });
}

/** A watcher that watches nothing. */
export const unwatched: Watcher = {
  arm: () => 'watched',
  disarm: () => {},
  afterEvents: (act) => act(),
  close: async () => {},
};
