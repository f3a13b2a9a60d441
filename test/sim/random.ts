// One seed, one sequence of numbers (mulberry32): whatever happens by chance in a simulated run comes from here.

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** Uniform in [0, 1). */
  unit(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  chance(of: number): boolean {
    return of > 0 && this.unit() < of;
  }

  /** A whole number in [0, below). */
  below(below: number): number {
    return Math.floor(this.unit() * below);
  }

  between(from: number, to: number): number {
    return from + this.unit() * (to - from);
  }

  /** @returns one of them; of none, what `items[0]` gives. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** Where the sequence stands: two runs that did the same stand at the same place. */
  get state(): number {
    return this.#state >>> 0;
  }
}

/** @returns a seed for the `n`-th part of what `seed` stands for. */
export function subSeed(seed: number, n: number): number {
  let x = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(n + 1, 0xc2b2ae35);
  x = Math.imul(x ^ (x >>> 16), 0x45d9f3b);
  return (x ^ (x >>> 15)) | 0;
}
