// One timer that is started and stopped many times a second: stopping it only notes that it does not count.

/** Acts when it has been running for its time without being started again. Keeps no process alive. */
export class Deadline {
  readonly #ms: number;
  readonly #act: () => void;
  #timer: NodeJS.Timeout | null = null;
  #running = false;

  /** @param ms its time in milliseconds; infinite means never. */
  constructor(ms: number, act: () => void) {
    this.#ms = ms;
    this.#act = act;
  }

  get running(): boolean {
    return this.#running;
  }

  /** Starts it, or starts it anew. */
  start(): void {
    this.#running = true;
    if (this.#timer !== null) this.#timer.refresh();
    else if (Number.isFinite(this.#ms)) this.#timer = setTimeout(() => this.#ring(), this.#ms).unref();
  }

  stop(): void {
    this.#running = false;
  }

  /** Stops it for good and lets go of the timer. */
  clear(): void {
    this.stop();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #ring(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#act();
  }
}
