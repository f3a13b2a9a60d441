// Whether the other end still lives while something is waited for: when nothing has come for a while it is asked, and
// when nothing comes after that either it is given up. Any message is a sign of life, a refusal too.
import type { SilenceLimits } from '../frame/limits.js';
import { Deadline } from './deadline.js';

export class Silence {
  readonly #asking: Deadline;
  readonly #ending: Deadline;

  /** @param ask sends what any server answers, known to it or not. */
  constructor({ askMs, endMs }: SilenceLimits, ask: () => void, end: () => void) {
    this.#ending = new Deadline(endMs - askMs, end);
    this.#asking = new Deadline(askMs, () => {
      ask();
      this.#ending.start();
    });
  }

  /** Something came, or something is waited for from now on. */
  broken(): void {
    this.#ending.stop();
    this.#asking.start();
  }

  /** Nothing is waited for, or what came is still being taken in: then it is not the other end that is slow. */
  stop(): void {
    this.#ending.stop();
    this.#asking.stop();
  }

  /** Stops for good. */
  clear(): void {
    this.#ending.clear();
    this.#asking.clear();
  }
}
