// One fs.watch a directory: on Linux one inotify watch each, which follows the inode and not the name. What inotify does
// not say aloud is found out here: an overflow is silent, a removed directory leaves a deaf watch.
import fs from 'node:fs';
import { basename } from 'node:path';
import type { Armed, Watcher, WatchListener } from './watcher.js';

/** No watch left, or no handle for one. */
const LIMITS = new Set(['ENOSPC', 'EMFILE', 'ENFILE']);
const GONE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES']);
const USUAL_QUEUE = 16_384;
/** inotify's queue is full at its limit; a little less is already suspicious. */
const NEARLY = 0.97;

/** @param openFallback makes the watcher of those directories that the system will not watch. */
export function nativeWatcher(listener: WatchListener, openFallback: () => Watcher): Watcher {
  return new NativeWatcher(listener, openFallback);
}

class NativeWatcher implements Watcher {
  readonly #watches = new Map<string, fs.FSWatcher>();
  readonly #listener: WatchListener;
  readonly #openFallback: () => Watcher;
  readonly #burstLimit = Math.floor(queueLength() * NEARLY);
  #fallback: Watcher | null = null;
  #burst = 0;

  constructor(listener: WatchListener, openFallback: () => Watcher) {
    this.#listener = listener;
    this.#openFallback = openFallback;
  }

  arm(dir: string): Armed {
    if (this.#watches.has(dir)) return 'already';
    try {
      this.#watches.set(dir, this.#watch(dir));
      return 'watched';
    } catch (error) {
      return this.#armOtherwise(dir, (error as NodeJS.ErrnoException).code ?? '');
    }
  }

  disarm(dir: string): void {
    this.#watches.get(dir)?.close();
    this.#watches.delete(dir);
    this.#fallback?.disarm(dir);
  }

  async close(): Promise<void> {
    for (const watch of this.#watches.values()) watch.close();
    this.#watches.clear();
    await this.#fallback?.close();
  }

  #watch(dir: string): fs.FSWatcher {
    const self = basename(dir);
    const watch = fs.watch(dir, { persistent: true }, (type, name) => this.#heard(dir, self, type, name));
    watch.on('error', () => {
      if (this.#watches.get(dir) === watch) this.disarm(dir);
      this.#listener.doubtful(dir);
    });
    return watch;
  }

  #heard(dir: string, self: string, type: string, name: string | null): void {
    this.#count();
    // Events of the directory itself bear its own name, as if it lay within itself.
    if (type === 'rename' && name === self) this.#listener.doubtful(dir);
    // A name that is not UTF-8 cannot be asked for: the whole directory is read instead.
    this.#listener.changed(dir, name === null || name.includes('\ufffd') ? null : name);
  }

  /** All events of one turn come out of one reading of inotify's queue; as many as it holds means that it was full. */
  #count(): void {
    if (this.#burst++ === 0) setImmediate(() => this.#turnEnded());
  }

  #turnEnded(): void {
    if (this.#burst >= this.#burstLimit) this.#listener.overflowed();
    this.#burst = 0;
  }

  #armOtherwise(dir: string, code: string): Armed {
    if (GONE.has(code)) return 'failed';
    if (LIMITS.has(code)) this.#listener.limited(dir);
    this.#fallback ??= this.#openFallback();
    return this.#fallback.arm(dir);
  }
}

function queueLength(): number {
  try {
    return Number(fs.readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8')) || USUAL_QUEUE;
  } catch {
    return USUAL_QUEUE;
  }
}
