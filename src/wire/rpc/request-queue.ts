// Limits the number of calls that run at once on a connection; further ones wait in a queue. When the queue is full,
// reading stops for a limited time, and then requests are refused: a `cancel` behind them has to be read.

export class ConcurrencyLimit {
  readonly #most: number;
  readonly #waitMs: number;
  readonly #queue: (() => Promise<void>)[] = [];
  #running = 0;
  #waiters: (() => void)[] = [];

  /**
   * @param most the maximum number of running tasks, and of waiting tasks.
   * @param waitMs how long {@link take} waits for a place in the queue, in milliseconds.
   */
  constructor(most: number, waitMs: number) {
    this.#most = most;
    this.#waitMs = waitMs;
  }

  get idle(): boolean {
    return this.#running === 0;
  }

  /**
   * Runs `task`, which must not reject, at once or in its turn.
   * @returns false where the queue stayed full for `waitMs`; the task is not run then.
   */
  async take(task: () => Promise<unknown>): Promise<boolean> {
    if (this.#queue.length >= this.#most && !(await this.#place())) return false;
    const run = async () => void (await task());
    if (this.#running < this.#most) this.#start(run);
    else this.#queue.push(run);
    return true;
  }

  /** @returns a promise that resolves when nothing runs or waits. */
  allDone(): Promise<void> {
    return this.idle
      ? Promise.resolve()
      : new Promise<void>((resolve) => this.#waiters.push(resolve)).then(() => this.allDone());
  }

  #start(task: () => Promise<void>): void {
    this.#running++;
    void task().then(() => {
      this.#running--;
      const next = this.#queue.shift();
      if (next !== undefined) this.#start(next);
      for (const wake of this.#waiters.splice(0)) wake();
    });
  }

  #place(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#waitMs, false);
      this.#waiters.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }
}
