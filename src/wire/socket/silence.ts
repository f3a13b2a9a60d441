// Detects a dead connection while something is expected: after a period without any message the other end is sent a
// ping, and after a further period the connection is given up. Any message proves that it is alive, also an error.
import type { SilenceLimits } from '../frame/limits.js';
import { Deadline } from './deadline.js';

export class Silence {
  readonly #pinging: Deadline;
  readonly #ending: Deadline;

  /**
   * @param ping sends a request that any server answers, even with an error.
   * @param end gives the connection up.
   */
  constructor({ pingMs, endMs }: SilenceLimits, ping: () => void, end: () => void) {
    this.#ending = new Deadline(endMs - pingMs, end);
    this.#pinging = new Deadline(pingMs, () => {
      ping();
      this.#ending.start();
    });
  }

  /** Restarts the period: a message has arrived, or something is expected from now on. */
  broken(): void {
    this.#ending.stop();
    this.#pinging.start();
  }

  /** Stops it: nothing is expected, or a message is still being handled, so the other end is not to blame. */
  stop(): void {
    this.#ending.stop();
    this.#pinging.stop();
  }

  /** Stops it for good. */
  clear(): void {
    this.#ending.clear();
    this.#pinging.clear();
  }
}
