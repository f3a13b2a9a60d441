// Time and timers as the session takes them: passed in, so that a simulation can let an hour go by in a moment and in
// the same order every time.

/** A clock with timers. */
export interface Clock {
  /** Milliseconds since 1970; it may jump. */
  now(): number;
  /** Acts once after `ms` milliseconds. Keeps no process alive. @returns the way to prevent it. */
  after(ms: number, act: () => void): () => void;
  /** Acts when whatever is ready to run now has run. */
  soon(act: () => void): void;
}

export const realClock: Clock = {
  now: () => Date.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, ms).unref();
    return () => clearTimeout(timer);
  },
  soon: (act) => void setImmediate(act),
};

/** @returns what has `act` done after `ms` milliseconds, once however often it is called meanwhile. */
export function oncePer(clock: Pick<Clock, 'after'>, ms: number, act: () => void): () => void {
  let isSet = false;
  return () => {
    if (isSet) return;
    isSet = true;
    clock.after(ms, () => {
      isSet = false;
      act();
    });
  };
}
