// Which way of watching serves on this system, and a watcher of that kind.
import { chokidarWatcher } from './chokidar.js';
import { nativeWatcher } from './native.js';
import type { Watcher, WatchListener } from './watcher.js';

/** `native`: one fs.watch a directory; `chokidar`: the system's events by way of chokidar; `polling`: none. */
export type WatchKind = 'native' | 'chokidar' | 'polling';

/** @returns the kind that serves this system best. */
export function bestWatchKind(forcePolling: boolean): WatchKind {
  if (forcePolling) return 'polling';
  return process.platform === 'linux' ? 'native' : 'chokidar';
}

/**
 * After churn with directory moves, chokidar 5 left 1 % of the entries wrong and one fs.watch a directory none, so on
 * Linux the latter is used; chokidar serves the other systems, and polls where a system has no watches left.
 */
export function openWatcher(kind: WatchKind, listener: WatchListener): Watcher {
  if (kind === 'native') return nativeWatcher(listener, () => chokidarWatcher(listener, { polling: true }));
  return chokidarWatcher(listener, { polling: kind === 'polling' });
}

/** Watches nothing. */
export const unwatched: Watcher = { arm: () => 'watched', disarm: () => {}, close: async () => {} };
