// A minimum speed for senders, so that a slow one does not keep its open file for ever: within each limit of waiting
// time, a minimum of bytes has to arrive. Time that the receiver spends is not counted.
import { inTime } from '../in-time.js';

/** At least `bytes` bytes have to arrive in `ms` milliseconds of waiting. */
interface PaceLimits {
  readonly bytes: number;
  readonly ms: number;
}

/** Measures the speed of one sender. */
export class SenderPace {
  readonly #limits: PaceLimits;
  readonly #what: string;
  readonly #now: () => number;

  #waited = 0;
  #bytes = 0;

  /** @param what names what is sent in the message, such as `the content`. */
  constructor(limits: PaceLimits, what: string, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#what = what;
    this.#now = now;
  }

  /**
   * Waits for `next`. @throws SyncError `timeout` where the sender is too slow.
   */
  async next<T>(next: Promise<T>): Promise<T> {
    const since = this.#now();
    try {
      return await inTime(next, this.#limits.ms - this.#waited, this.#late);
    } finally {
      this.#waited += this.#now() - since;
    }
  }

  get #late(): string {
    const { bytes, ms } = this.#limits;
    return `Less than ${bytes / 1024} KiB of ${this.#what} came in ${ms / 1000} s.`;
  }

  /** Counts bytes that arrived. */
  came(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < this.#limits.bytes) return;
    this.#bytes = 0;
    this.#waited = 0;
  }
}
