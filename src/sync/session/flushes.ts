// Requests to wait until every change made on either side before the request is on both. Each needs a full scan of both
// sides that began after the request, and then a pair in which both sides agree.
import { advise } from '../../core/advice.js';
import { SyncError } from '../../core/errors.js';
import type { Side } from '../../core/path.js';
import type { ScanQueue } from './scan-queue.js';

/** One request. `scans` are the numbers of the scans that it needs. */
export interface Flush {
  readonly done: (error: SyncError | null) => void;
  scans: Readonly<Record<Side, number>>;
}

/** The flushes that are not answered yet. */
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

  /** Side b has connected: only a scan of this connection counts. */
  restart(b: ScanQueue): void {
    for (const flush of this.#waiting) flush.scans = { a: flush.scans.a, b: b.ask('everything') };
  }

  /** Both sides agree: answers the flushes whose scans have been folded in. */
  rest(a: ScanQueue, b: ScanQueue): void {
    const done = this.#waiting.filter(({ scans }) => a.finished >= scans.a && b.finished >= scans.b);
    this.#waiting = this.#waiting.filter((flush) => !done.includes(flush));
    for (const flush of done) flush.done(null);
  }

  /** Refuses every flush with `error`, because the sides will not come to agree. */
  refuse(error: SyncError): void {
    const refused = this.#waiting;
    this.#waiting = [];
    for (const flush of refused) flush.done(error);
  }
}

/**
 * Posts a flush and waits for its answer.
 * @param signal aborted when the time of the caller is over.
 * @throws SyncError `timeout` once `signal` is aborted; the error with which the flush was refused.
 */
export function untilFlushed(flushes: Flushes, post: (flush: Flush) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      flushes.remove(flush);
      const advice = advise`See what is left with: ${{ do: 'status' }}`;
      reject(new SyncError('timeout', 'The pair did not come to rest in time.', { advice }));
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
