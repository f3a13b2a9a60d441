// How many calls of a connection run at one time, and who is next. Notifications for running calls must go on being
// read, so requests over the limit step aside; when there is no place to step aside either, reading waits for a while,
// and after that they are turned away: waiting for ever could be waiting for a `cancel` that is not read.

export class ConcurrencyLimit {
  readonly #most: number;
  readonly #patienceMs: number;
  readonly #aside: (() => Promise<void>)[] = [];
  #running = 0;
  #waiters: (() => void)[] = [];

  /**
   * @param most how many run at one time, and how many may stand aside.
   * @param patienceMs how long {@link take} waits for a place, in milliseconds.
   */
  constructor(most: number, patienceMs: number) {
    this.#most = most;
    this.#patienceMs = patienceMs;
  }

  get idle(): boolean {
    return this.#running === 0;
  }

  /**
   * Runs `task`, which must not reject, at once or in its turn.
   * @returns false where no place became free in time; `task` is not run then.
   */
  async take(task: () => Promise<unknown>): Promise<boolean> {
    if (this.#aside.length >= this.#most && !(await this.#place())) return false;
    const run = async () => void (await task());
    if (this.#running < this.#most) this.#start(run);
    else this.#aside.push(run);
    return true;
  }

  /** Resolves when nothing runs and nobody stands aside. */
  allDone(): Promise<void> {
    return this.idle
      ? Promise.resolve()
      : new Promise<void>((resolve) => this.#waiters.push(resolve)).then(() => this.allDone());
  }

  #start(task: () => Promise<void>): void {
    this.#running++;
    void task().then(() => {
      this.#running--;
      const next = this.#aside.shift();
      if (next !== undefined) this.#start(next);
      for (const wake of this.#waiters.splice(0)) wake();
    });
  }

  #place(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#patienceMs, false);
      this.#waiters.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }
}
