// Watches single directories with chokidar, on systems other than Linux, and by polling where the system gives no
// events. Its events are only hints. `atomic` and `awaitWriteFinish` are off: they delay, and the scan decides what has
// settled.
import { basename, dirname } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import type { Armed, Watcher, WatchListener } from './watcher.js';

const POLL_MS = 1000;
/** chokidar lists a directory before it watches it and does not report when; after this time it certainly watches. */
const ARMED_AFTER_MS = 150;

/** @param options whether to poll instead of using the system's events. */
export function chokidarWatcher(listener: WatchListener, options: { polling: boolean }): Watcher {
  return new ChokidarWatcher(listener, options.polling);
}

class ChokidarWatcher implements Watcher {
  readonly #watcher: FSWatcher;
  readonly #listener: WatchListener;
  readonly #polling: boolean;
  readonly #armed = new Set<string>();
  #justArmed: string[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(listener: WatchListener, polling: boolean) {
    this.#listener = listener;
    this.#polling = polling;
    this.#watcher = watch([], {
      depth: 0,
      persistent: true,
      ignoreInitial: true,
      followSymlinks: false,
      atomic: false,
      ignorePermissionErrors: true,
      usePolling: polling,
      interval: POLL_MS,
      binaryInterval: POLL_MS,
      // Events of a directory name its files; only polling has to watch each file.
      ...(polling ? {} : { ignored: (_path, stats) => stats !== undefined && !stats.isDirectory() }),
    });
    this.#watcher.on('raw', (_event, path, details) => this.#onRawEvent(path, details));
    this.#watcher.on('all', (_event, path) => this.#onEvent(path));
    this.#watcher.on('error', () => this.#listener.overflowed());
  }

  arm(dir: string): Armed {
    if (this.#armed.has(dir)) return 'already';
    this.#armed.add(dir);
    this.#watcher.add(dir);
    this.#scanAgainAt(dir);
    return this.#polling ? 'polled' : 'watched';
  }

  disarm(dir: string): void {
    if (this.#armed.delete(dir)) this.#watcher.unwatch(dir);
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#watcher.close();
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

  #scanAgainAt(dir: string): void {
    this.#justArmed.push(dir);
    this.#timer ??= setTimeout(() => {
      const dirs = this.#justArmed;
      this.#justArmed = [];
      this.#timer = null;
      for (const justArmed of dirs) if (this.#armed.has(justArmed)) this.#listener.changed(justArmed, null);
    }, ARMED_AFTER_MS);
  }
}
