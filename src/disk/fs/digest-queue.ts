// Reads large files in the background, two at a time, so that no scan waits for one: a scan queues a path, and a later
// scan takes its digest.
import type { RelPath } from '../../core/path.js';
import { type Digest, digestLarge } from './digest.js';

const AT_ONCE = 2;

/** Digests of large files, being computed or ready to be taken. */
export class DigestQueue {
  readonly #ready = new Map<RelPath, Digest>();
  readonly #waiting = new Map<RelPath, { readonly absolute: string; readonly isOverdue: boolean }>();
  readonly #reading = new Map<RelPath, Promise<void>>();
  readonly #stop = new AbortController();
  readonly #now: () => number;
  readonly #onReady: (path: RelPath) => void;

  /**
   * @param now milliseconds since 1970.
   * @param onReady called with each path whose digest is ready.
   */
  constructor(now: () => number, onReady: (path: RelPath) => void) {
    this.#now = now;
    this.#onReady = onReady;
  }

  /**
   * Queues `path`, unless it is queued or being read.
   * @param isOverdue whether the beginning of a file that changes all the time will do.
   */
  start(path: RelPath, absolute: string, isOverdue = false): void {
    if (this.isBusyWith(path)) return;
    this.#waiting.set(path, { absolute, isOverdue });
    this.#next();
  }

  isBusyWith(path: RelPath): boolean {
    return this.#waiting.has(path) || this.#reading.has(path);
  }

  /** @returns the digest of `path` and forgets it; null where none is ready. */
  take(path: RelPath): Digest | null {
    const digest = this.#ready.get(path) ?? null;
    this.#ready.delete(path);
    return digest;
  }

  /** Aborts everything that is not finished. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#waiting.clear();
    await Promise.all(this.#reading.values());
  }

  #next(): void {
    for (const [path, { absolute, isOverdue }] of this.#waiting) {
      if (this.#reading.size >= AT_ONCE) return;
      this.#waiting.delete(path);
      this.#reading.set(path, this.#read(path, absolute, isOverdue));
    }
  }

  async #read(path: RelPath, absolute: string, isOverdue: boolean): Promise<void> {
    const digest = await digestLarge(absolute, this.#now(), this.#stop.signal, isOverdue);
    this.#reading.delete(path);
    if (this.#stop.signal.aborted) return;
    this.#ready.set(path, digest);
    this.#next();
    this.#onReady(path);
  }
}
