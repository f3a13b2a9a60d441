// A sender may be slow, but not so slow that he holds what he holds for ever: in each stretch of waiting for him enough
// has to come. The time that the receiver takes itself is not counted.
import { inTime } from '../in-time.js';

/** How slow a sender may be: so many bytes in so many milliseconds of waiting. */
interface PaceLimits {
  readonly bytes: number;
  readonly ms: number;
}

export class TimeSlice {
  readonly #limits: PaceLimits;
  readonly #what: string;
  readonly #now: () => number;

  #waited = 0;
  #bytes = 0;

  /** @param what is sent, for the words: `the content`. */
  constructor(limits: PaceLimits, what: string, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#what = what;
    this.#now = now;
  }

  /**
   * Waits for what is next. @throws SyncError `timeout` where the sender is too slow.
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

  /** So much has come. */
  came(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < this.#limits.bytes) return;
    this.#bytes = 0;
    this.#waited = 0;
  }
}
