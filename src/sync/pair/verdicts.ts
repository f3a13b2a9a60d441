// The causes for which server-a blocks the pair at present. One that may come from what is still in motion, or from a side
// that is not known yet, blocks without a word until that is decided.
import type { Side } from '../../core/path.js';
import type { Halt } from './halt-text.js';

/** What is still in motion on a side may be what seems to be missing: a halt waits for it so long, in milliseconds. */
const SETTLE_MS = 15_000;

type Cause = 'loss-a' | 'loss-b' | 'partner' | 'rollback';

/** The cause that is a loss of `side`. */
export const lossOn = (side: Side): Cause => `loss-${side}`;

/** What a cause still depends on: files in motion, or a side that has not been seen. */
type Doubt = 'in-motion' | 'unseen' | null;

interface Verdict {
  readonly halt: Halt;
  /** When it was found first, milliseconds since 1970. */
  readonly since: number;
  readonly doubt: Doubt;
}

export class Verdicts {
  readonly #byCause = new Map<Cause, Verdict>();

  get size(): number {
    return this.#byCause.size;
  }

  has(cause: Cause): boolean {
    return this.#byCause.has(cause);
  }

  /** @returns whether there was one. */
  delete(cause: Cause): boolean {
    return this.#byCause.delete(cause);
  }

  clear(): void {
    this.#byCause.clear();
  }

  /** @param now milliseconds since 1970. */
  add(cause: Cause, halt: Halt, doubt: Doubt, now: number): void {
    const before = this.#byCause.get(cause);
    const since = before?.since ?? now;
    // What was said once is taken back only by what says no.
    const isFinal = before?.doubt === null || (doubt === 'in-motion' && now - since >= SETTLE_MS);
    this.#byCause.set(cause, { halt, since, doubt: isFinal ? null : doubt });
  }

  /** Those that stand. */
  get halts(): Halt[] {
    return [...this.#byCause.values()].filter(({ doubt }) => doubt === null).map(({ halt }) => halt);
  }

  /** Whether one waits for what is in motion. */
  get isSettling(): boolean {
    for (const { doubt } of this.#byCause.values()) if (doubt === 'in-motion') return true;
    return false;
  }
}
