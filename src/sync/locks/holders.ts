// Counts the requests that were told to hold a lock: an owner can be granted the same lock by several requests. A request
// that is cancelled gives back its own part, and the last one releases the lock.
import type { Lock } from '../../core/locks/records.js';
import type { LockState } from './lock-state.js';

/** How many requests hold each lock. */
export class LockHolders {
  readonly #table: LockState['table'];

  /** By token. A lock without a count, for example of an earlier run, is held by one request. */
  readonly #counts = new Map<number, number>();

  constructor({ table }: Pick<LockState, 'table'>) {
    this.#table = table;
  }

  /**
   * A lock was granted.
   * @param changed whether nobody had held it before; otherwise its owner renewed it.
   * @param requests how many requests the grant answers.
   */
  granted({ token }: Lock, changed: boolean, requests: number): void {
    this.#counts.set(token, (changed ? 0 : this.#countOf(token)) + requests);
    if (this.#counts.size > this.#table.locks.size) this.#forgetEnded();
  }

  /** A request gives its part of a lock back. @returns whether no request holds it any more. */
  gaveBack({ token }: Lock): boolean {
    const left = this.#countOf(token) - 1;
    this.#counts.set(token, left);
    return left <= 0;
  }

  #countOf(token: number): number {
    return this.#counts.get(token) ?? 1;
  }

  #forgetEnded(): void {
    const inForce = new Set(Array.from(this.#table.locks.values(), ({ token }) => token));
    for (const token of this.#counts.keys()) if (!inForce.has(token)) this.#counts.delete(token);
  }
}
