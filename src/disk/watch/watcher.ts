// What a watcher of directories is asked, and what it tells. It gives hints where to scan and promises nothing more.

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
