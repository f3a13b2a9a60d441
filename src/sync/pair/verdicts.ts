// The reasons for which server-a blocks the pair. A reason that may come from paths that are not settled, or from a
// side that has not been scanned, blocks without a halt until that is decided.
import type { Side } from '../../core/path.js';
import type { Halt } from './halt-text.js';

/** Unsettled paths may be the ones that seem missing: a halt waits for them for this long, in milliseconds. */
const SETTLE_MS = 15_000;

type Cause = 'loss-a' | 'loss-b' | 'partner' | 'rollback';

/** The cause for losses of `side`. */
export const lossOn = (side: Side): Cause => `loss-${side}`;

/**
 * What is still open about a cause: paths that are not settled, or a side that has not been scanned. Null: nothing, so
 * it halts.
 */
type Doubt = 'in-motion' | 'unseen' | null;

interface Verdict {
  readonly halt: Halt;
  /** When it was first found, milliseconds since 1970. */
  readonly since: number;
  readonly doubt: Doubt;
}

/** The present reasons by cause. */
export class Verdicts {
  readonly #byCause = new Map<Cause, Verdict>();

  get size(): number {
    return this.#byCause.size;
  }

  has(cause: Cause): boolean {
    return this.#byCause.has(cause);
  }

  /** Removes a cause. @returns whether it was there. */
  delete(cause: Cause): boolean {
    return this.#byCause.delete(cause);
  }

  clear(): void {
    this.#byCause.clear();
  }

  /** Adds or updates a cause. @param now milliseconds since 1970. */
  add(cause: Cause, halt: Halt, doubt: Doubt, now: number): void {
    const before = this.#byCause.get(cause);
    const since = before?.since ?? now;
    // A halt, once reported, ends only when its cause is gone.
    const isFinal = before?.doubt === null || (doubt === 'in-motion' && now - since >= SETTLE_MS);
    this.#byCause.set(cause, { halt, since, doubt: isFinal ? null : doubt });
  }

  /** @returns the halt of a cause that has been reported; null where there is none. */
  reported(cause: Cause): Halt | null {
    const verdict = this.#byCause.get(cause);
    return verdict?.doubt === null ? verdict.halt : null;
  }

  /** The halts in force. */
  get halts(): Halt[] {
    return [...this.#byCause.values()].filter(({ doubt }) => doubt === null).map(({ halt }) => halt);
  }

  /** Whether a halt waits for paths that are not settled. */
  get isSettling(): boolean {
    for (const { doubt } of this.#byCause.values()) if (doubt === 'in-motion') return true;
    return false;
  }
}
