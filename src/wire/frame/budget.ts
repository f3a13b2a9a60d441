// Limits on the memory that the other end can make this program use. They are counted in bytes while data arrives, so
// that an endless list is refused before memory runs out.
import type { SyncError } from '../../core/errors.js';

/** The approximate cost of one list item beyond its own bytes. */
export const ITEM_BYTES = 128;

/** A number of bytes that can be used up. */
export class Budget {
  #left: number;
  readonly #refusal: () => SyncError;

  /** @param refusal creates the error that is thrown when it is used up. */
  constructor(left: number, refusal: () => SyncError) {
    this.#left = left;
    this.#refusal = refusal;
  }

  /** @throws SyncError the refusal, where fewer than `bytes` are left. */
  take(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw this.#refusal();
  }
}

/** A number of bytes that several users share. Each gives back what it has borrowed. */
export class SharedBudget {
  readonly #most: number;
  readonly #refusal: () => SyncError;

  #taken = 0;

  constructor(most: number, refusal: () => SyncError) {
    this.#most = most;
    this.#refusal = refusal;
  }

  /**
   * @returns a function that gives the bytes back; later calls do nothing.
   * @throws SyncError the refusal, where too few are left.
   */
  borrow(bytes: number): () => void {
    if (this.#taken + bytes > this.#most) throw this.#refusal();
    this.#taken += bytes;
    return () => {
      this.#taken -= bytes;
      bytes = 0;
    };
  }

  /**
   * Runs `work`, which borrows what it needs; all of it is given back when `work` ends.
   * @throws SyncError the refusal, where too few are left.
   */
  async lend<T>(work: (take: (bytes: number) => void) => Promise<T>): Promise<T> {
    const back: (() => void)[] = [];
    try {
      return await work((bytes) => void back.push(this.borrow(bytes)));
    } finally {
      for (const give of back) give();
    }
  }
}

/** @returns the approximate memory of a value that was parsed from JSON, in bytes. */
export function weightOf(value: unknown): number {
  if (typeof value === 'string') return 24 + value.length;
  if (typeof value !== 'object' || value === null) return 8;
  let bytes = 48;
  if (Array.isArray(value)) for (const item of value) bytes += 8 + weightOf(item);
  // What was parsed from JSON inherits nothing that `in` would find; `Object.entries` takes three times as long.
  else for (const key in value) bytes += 16 + key.length + weightOf((value as Record<string, unknown>)[key]);
  return bytes;
}
