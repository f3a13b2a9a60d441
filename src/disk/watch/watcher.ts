// The interface of a watcher of directories. The folder guarantees hints where to scan, and nothing more: an event may
// be missing, doubled or about nothing. What is lost is reported as `doubtful`, `lost` or `overflowed`, or found by
// a later full scan.

/** Receives events. Directories are the absolute paths that were armed. */
export interface WatchListener {
  /** Something happened to `name` in `dir`; `SELF`: to `dir` itself; null: somewhere in `dir`. */
  changed(dir: string, name: string | null): void;
  /** `dir` itself may have been moved or removed: the watch may be on another directory now. */
  doubtful(dir: string): void;
  /** `dir` is not watched any more. */
  lost(dir: string): void;
  /** The system dropped events: anything may have happened anywhere. */
  overflowed(): void;
  /** The system has no watch left for `dir`; it is polled from now on. */
  limited(dir: string): void;
}

/** The name of a directory in itself; nothing in it is called so. */
export const SELF = '.';

/** The result of `arm`. `failed`: there is no such directory, or it is not readable. */
export type Armed = 'watched' | 'already' | 'polled' | 'failed';

/** Watches single directories, not what is below them. */
export interface Watcher {
  /** Begins to watch the absolute path `dir`. */
  arm(dir: string): Armed;
  /** Stops watching `dir`. */
  disarm(dir: string): void;
  /** Calls `act` once `doubtful` was called for all that has happened until now. */
  afterEvents(act: () => void): void;
  close(): Promise<void>;
}
