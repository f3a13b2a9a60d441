// Splits long synchronous work into slices, so that timers, sockets and the watcher run in between.

const SLICE_MS = 8;

/** Tells when a slice is over, and lets other work run. */
export class TimeSlice {
  #until = performance.now() + SLICE_MS;

  /** To be checked between two steps: where it is true, call `rest`. */
  get isTired(): boolean {
    return performance.now() >= this.#until;
  }

  async rest(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#until = performance.now() + SLICE_MS;
  }
}
