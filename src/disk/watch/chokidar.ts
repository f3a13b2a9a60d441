// Watches single directories with chokidar, on systems other than Linux, and by polling where the system gives no
// events. Its events are only hints. `atomic` and `awaitWriteFinish` are off: they delay, and the scan decides what has
// settled.
import { basename, dirname } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import type { Armed, Watcher, WatchListener } from './watcher.js';

const POLL_MS = 1000;
/** An event of a directory itself is told within this time, unless the process stood still. */
const EVENT_MS = 2000;

/** @param options whether to poll instead of using the system's events. */
export function chokidarWatcher(listener: WatchListener, options: { polling: boolean }): Watcher {
  return new ChokidarWatcher(listener, options.polling);
}

/** Directories that were armed together. chokidar lists them before it watches them, and reports when it does. */
interface Batch {
  readonly dirs: Set<string>;
  watcher: FSWatcher | null;
}

class ChokidarWatcher implements Watcher {
  readonly #listener: WatchListener;
  readonly #polling: boolean;
  readonly #armed = new Map<string, Batch>();
  /** What is armed in this turn of the event loop. */
  #next: Batch | null = null;
  readonly #closing = new Set<Promise<void>>();
  #closed = false;

  constructor(listener: WatchListener, polling: boolean) {
    this.#listener = listener;
    this.#polling = polling;
  }

  arm(dir: string): Armed {
    if (this.#armed.has(dir)) return 'already';
    this.#next ??= this.#batch();
    this.#next.dirs.add(dir);
    this.#armed.set(dir, this.#next);
    return this.#polling ? 'polled' : 'watched';
  }

  disarm(dir: string): void {
    const batch = this.#armed.get(dir);
    if (batch === undefined) return;
    this.#armed.delete(dir);
    batch.dirs.delete(dir);
    if (batch.dirs.size > 0) batch.watcher?.unwatch(dir);
    else this.#end(batch);
  }

  afterEvents(act: () => void): void {
    // Polling tells nothing of a directory itself.
    if (this.#polling) act();
    else setTimeout(act, EVENT_MS).unref();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const batch of new Set(this.#armed.values())) this.#end(batch);
    await Promise.all(this.#closing);
  }

  #batch(): Batch {
    const batch: Batch = { dirs: new Set(), watcher: null };
    setImmediate(() => {
      this.#next = null;
      if (batch.dirs.size > 0 && !this.#closed) this.#begin(batch);
    });
    return batch;
  }

  #begin(batch: Batch): void {
    const watcher = watch([...batch.dirs], {
      depth: 0,
      persistent: true,
      ignoreInitial: true,
      followSymlinks: false,
      atomic: false,
      ignorePermissionErrors: true,
      usePolling: this.#polling,
      interval: POLL_MS,
      binaryInterval: POLL_MS,
      // Events of a directory name its files; only polling has to watch each file.
      ...(this.#polling ? {} : { ignored: (_path, stats) => stats !== undefined && !stats.isDirectory() }),
    });
    watcher.on('raw', (_event, path, details) => this.#onRawEvent(path, details));
    watcher.on('all', (_event, path) => this.#onEvent(path));
    watcher.on('error', () => this.#listener.overflowed());
    // What changed before it watched is found by a scan.
    watcher.on('ready', () => {
      for (const dir of batch.dirs) this.#listener.changed(dir, null);
    });
    batch.watcher = watcher;
  }

  #end({ watcher }: Batch): void {
    if (watcher === null) return;
    const closing = watcher.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  #onRawEvent(path: string | null, details: unknown): void {
    const dir = (details as { watchedPath?: string }).watchedPath;
    if (dir === undefined) this.#onEvent(path ?? '');
    else if (this.#armed.has(dir)) this.#inDirectory(dir, path);
  }

  #inDirectory(dir: string, name: string | null): void {
    if (name === basename(dir)) this.#listener.doubtful(dir);
    this.#listener.changed(dir, name === null || name.includes('\ufffd') ? null : name);
  }

  #onEvent(path: string): void {
    if (this.#armed.has(path)) this.#listener.changed(path, null);
    if (this.#armed.has(dirname(path))) this.#listener.changed(dirname(path), basename(path));
  }
}
