// Watches each directory with its own fs.watch; on Linux that is one inotify watch, which follows the inode and not the
// path. Two things that fs.watch does not report are detected here: an overflow of the event queue, and the dead watch
// of a removed directory.
import fs from 'node:fs';
import { type Armed, SELF, type Watcher, type WatchListener } from './watcher.js';

/** The errors where no watch or no file handle is left. */
const LIMITS = new Set(['ENOSPC', 'EMFILE', 'ENFILE']);
const GONE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);
const DEFAULT_QUEUE = 16_384;
/** The part of inotify's queue from which an overflow is assumed. */
const OVERFLOW_SHARE = 0.97;

/** @param openFallback opens a watcher for directories that the system cannot watch. */
export function nativeWatcher(listener: WatchListener, openFallback: () => Watcher): Watcher {
  return new NativeWatcher(listener, openFallback);
}

class NativeWatcher implements Watcher {
  readonly #watches = new Map<string, fs.FSWatcher>();
  readonly #listener: WatchListener;
  readonly #openFallback: () => Watcher;
  readonly #burstLimit = Math.floor(queueLength() * OVERFLOW_SHARE);
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
      return this.#armFallback(dir, (error as NodeJS.ErrnoException).code ?? '');
    }
  }

  disarm(dir: string): void {
    this.#watches.get(dir)?.close();
    this.#watches.delete(dir);
    this.#fallback?.disarm(dir);
  }

  /**
   * The system queues an event at once, and each turn of the event loop empties its queue. The first of two turns may
   * have done so before the call.
   */
  afterEvents(act: () => void): void {
    setImmediate(() => setImmediate(act));
  }

  async close(): Promise<void> {
    for (const watch of this.#watches.values()) watch.close();
    this.#watches.clear();
    await this.#fallback?.close();
  }

  #watch(dir: string): fs.FSWatcher {
    // libuv names an event of the directory itself by the last name of the path that its inode was first watched under,
    // which is not the present one after a rename. This path ends in `.` under every name, and nothing in it is called so.
    const watch = fs.watch(`${dir}/${SELF}`, { persistent: true }, (type, name) => this.#onEvent(dir, type, name));
    watch.on('error', () => {
      if (this.#watches.get(dir) === watch) this.disarm(dir);
      this.#listener.lost(dir);
    });
    return watch;
  }

  #onEvent(dir: string, type: string, name: string | null): void {
    this.#count();
    if (type === 'rename' && name === SELF) this.#listener.doubtful(dir);
    // A name that is not UTF-8 makes no path: the whole directory is read instead.
    this.#listener.changed(dir, name === null || name.includes('\ufffd') ? null : name);
  }

  /** All events of one turn come from one read of inotify's queue; if they are as many as it holds, it was full. */
  #count(): void {
    if (this.#burst++ === 0) setImmediate(() => this.#turnEnded());
  }

  #turnEnded(): void {
    if (this.#burst >= this.#burstLimit) this.#listener.overflowed();
    this.#burst = 0;
  }

  #armFallback(dir: string, code: string): Armed {
    // What may be read and not be watched (a security policy can say so) is polled.
    if (GONE.has(code) || (code === 'EACCES' && !isReadable(dir))) return 'failed';
    if (LIMITS.has(code)) this.#listener.limited(dir);
    this.#fallback ??= this.#openFallback();
    return this.#fallback.arm(dir);
  }
}

/** By opening it: `access` asks for the real user of the process, not for the one that it acts as. */
function isReadable(dir: string): boolean {
  try {
    fs.opendirSync(dir).closeSync();
    return true;
  } catch {
    return false;
  }
}

function queueLength(): number {
  try {
    return Number(fs.readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8')) || DEFAULT_QUEUE;
  } catch {
    return DEFAULT_QUEUE;
  }
}
