// What the other end may make this one remember, counted in bytes as it comes, so that the end of a list that has none
// is reached before the memory's.
import type { SyncError } from '../../core/errors.js';

/** What one item costs beyond its own bytes: the object, its place in a list. */
export const ITEM_BYTES = 128;

/** Bytes that may be taken, and no more. */
export class Budget {
  #left: number;
  readonly #refusal: () => SyncError;

  /** @param refusal what is thrown when it is used up. */
  constructor(left: number, refusal: () => SyncError) {
    this.#left = left;
    this.#refusal = refusal;
  }

  /** @throws SyncError where there are not so many left. */
  take(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw this.#refusal();
  }
}

/** Bytes that many share: who has done with his gives them back. */
export class SharedBudget {
  readonly #most: number;
  readonly #refusal: () => SyncError;

  #taken = 0;

  constructor(most: number, refusal: () => SyncError) {
    this.#most = most;
    this.#refusal = refusal;
  }

  /** @returns the way to give them back, once. @throws SyncError where others have taken too much. */
  borrow(bytes: number): () => void {
    if (this.#taken + bytes > this.#most) throw this.#refusal();
    this.#taken += bytes;
    return () => {
      this.#taken -= bytes;
      bytes = 0;
    };
  }

  /** Runs `work`, which takes what it needs. @throws SyncError where others have taken too much. */
  async lend<T>(work: (take: (bytes: number) => void) => Promise<T>): Promise<T> {
    const back: (() => void)[] = [];
    try {
      return await work((bytes) => void back.push(this.borrow(bytes)));
    } finally {
      for (const give of back) give();
    }
  }
}

/** @returns about how many bytes a value that came as JSON takes in memory. */
export function weightOf(value: unknown): number {
  if (typeof value === 'string') return 24 + value.length;
  if (typeof value !== 'object' || value === null) return 8;
  let bytes = 48;
  if (Array.isArray(value)) for (const item of value) bytes += 8 + weightOf(item);
  else for (const [key, item] of Object.entries(value)) bytes += 16 + key.length + weightOf(item);
  return bytes;
}
