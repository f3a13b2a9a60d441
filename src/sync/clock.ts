// The clock and the timers of the session. They are passed in, so that a simulation can run hours in moments, in the
// same order every time.

/** A clock with timers. */
export interface Clock {
  /** Milliseconds since 1970; the value may jump. */
  now(): number;
  /** Milliseconds since some moment, for durations; the value never jumps. */
  monotonic(): number;
  /**
   * Calls `act` once after `ms` milliseconds. Does not keep the process alive. @returns a function that cancels it.
   */
  after(ms: number, act: () => void): () => void;
  /** Calls `act` after everything that is ready to run now. */
  soon(act: () => void): void;
}

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => Math.floor(performance.now()),
  after: (ms, act) => {
    const timer = setTimeout(act, ms).unref();
    return () => clearTimeout(timer);
  },
  soon: (act) => void setImmediate(act),
};

/**
 * @returns a function that schedules `act` after the given number of milliseconds; calls before it ran schedule nothing
 * more.
 */
export function oncePer(clock: Pick<Clock, 'after'>, act: () => void): (ms: number) => void {
  let isSet = false;
  return (ms) => {
    if (isSet) return;
    isSet = true;
    clock.after(ms, () => {
      isSet = false;
      act();
    });
  };
}
