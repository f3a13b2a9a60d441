// Those who wait until every change made on either side before they asked is on both: each needs a look at everything
// on both sides that began after the asking, and then the pair at rest.
import { SyncError } from '../../core/errors.js';
import type { Side } from '../../core/path.js';
import type { ScanQueue } from './scan-queue.js';

/** Somebody who waits. */
export interface Flush {
  readonly done: (error: SyncError | null) => void;
  scans: Readonly<Record<Side, number>>;
}

/** The flushes under way. */
export class Flushes {
  #waiting: Flush[] = [];

  get isIdle(): boolean {
    return this.#waiting.length === 0;
  }

  add(flush: Flush, a: ScanQueue, b: ScanQueue | null): void {
    flush.scans = { a: a.ask('everything'), b: b?.ask('everything') ?? Number.POSITIVE_INFINITY };
    this.#waiting.push(flush);
  }

  remove(flush: Flush): void {
    this.#waiting = this.#waiting.filter((other) => other !== flush);
  }

  /** Side b has come (back): what counts is a look at it from now on. */
  restart(b: ScanQueue): void {
    for (const flush of this.#waiting) flush.scans = { a: flush.scans.a, b: b.ask('everything') };
  }

  /** The pair is at rest. */
  rest(a: ScanQueue, b: ScanQueue): void {
    const done = this.#waiting.filter(({ scans }) => a.finished >= scans.a && b.finished >= scans.b);
    this.#waiting = this.#waiting.filter((flush) => !done.includes(flush));
    for (const flush of done) flush.done(null);
  }

  /** Nothing will come to rest: everybody is told why. */
  refuse(error: SyncError): void {
    const refused = this.#waiting;
    this.#waiting = [];
    for (const flush of refused) flush.done(error);
  }
}

/** Waits for `post`ed flush to be done. @param signal aborted when the caller's time is up. */
export function untilFlushed(flushes: Flushes, post: (flush: Flush) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      flushes.remove(flush);
      const hint = 'See what is left with: client status';
      reject(new SyncError('timeout', 'The pair did not come to rest in time.', { hint }));
    };
    const flush: Flush = {
      scans: { a: Number.POSITIVE_INFINITY, b: Number.POSITIVE_INFINITY },
      done: (error) => {
        signal.removeEventListener('abort', onAbort);
        if (error === null) resolve();
        else reject(error);
      },
    };
    if (signal.aborted) onAbort();
    else {
      signal.addEventListener('abort', onAbort, { once: true });
      post(flush);
    }
  });
}
