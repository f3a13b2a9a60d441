// A timer that is restarted and stopped many times a second: stopping it only clears a flag.

/** Calls a function when it has run for its time without a restart. It does not keep the process alive. */
export class Deadline {
  readonly #ms: number;
  readonly #act: () => void;
  #timer: NodeJS.Timeout | null = null;
  #running = false;

  /** @param ms in milliseconds; infinite means never. */
  constructor(ms: number, act: () => void) {
    this.#ms = ms;
    this.#act = act;
  }

  get running(): boolean {
    return this.#running;
  }

  /** Starts or restarts it. */
  start(): void {
    this.#running = true;
    if (this.#timer !== null) this.#timer.refresh();
    else if (Number.isFinite(this.#ms)) this.#timer = setTimeout(() => this.#ring(), this.#ms).unref();
  }

  stop(): void {
    this.#running = false;
  }

  /** Stops it and frees the timer. */
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
