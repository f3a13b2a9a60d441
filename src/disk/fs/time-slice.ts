// Long synchronous work in slices, so that timers, sockets and the watcher get their turn in between.

const SLICE_MS = 8;

/** Says when a slice is over, and lets the others run. */
export class TimeSlice {
  #until = performance.now() + SLICE_MS;

  /** To be asked between two steps; where it is true, `rest` is due. */
  get isTired(): boolean {
    return performance.now() >= this.#until;
  }

  async rest(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#until = performance.now() + SLICE_MS;
  }
}
