// Watching says where to look, never what is there: events are hints. A watcher is told every directory one by one, and
// must be watching it when `arm` returns, because the caller reads the directory next: what happens before the reading
// is read, what happens after it is hinted.
import { chokidarWatcher } from './chokidar.js';
import { nativeWatcher } from './native.js';

/** Who is told. Directories are absolute paths, as they were armed. */
export interface WatchListener {
  /** Something happened to `name` in `dir`; null: somewhere in `dir`. */
  changed(dir: string, name: string | null): void;
  /** `dir` itself was moved, removed or has lost its watch: the watch may be on something else now. */
  doubtful(dir: string): void;
  /** The system dropped events: anything may have happened anywhere. */
  overflowed(): void;
  /** The system has no watch left for `dir`; it is polled from now on. */
  limited(dir: string): void;
}

/** `failed`: there is no such directory, or it may not be read. */
export type Armed = 'watched' | 'already' | 'polled' | 'failed';

export interface Watcher {
  arm(dir: string): Armed;
  disarm(dir: string): void;
  close(): Promise<void>;
}

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
