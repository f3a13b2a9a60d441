// The state of the pair for `status` and the listing. It only reads.
import type { Problem } from '../../core/errors.js';
import type { RelPath, Side } from '../../core/path.js';
import type { PairState, Transfer } from '../../wire/client-api/methods.js';
import { withAdvice } from '../../wire/frame/advice-text.js';
import type { Pair } from '../pair/pair.js';
import type { ProblemRetries } from './problems.js';
import { comingOf, leftOf } from './queued-change.js';
import type { Recorder } from './recorder.js';
import type { Sides } from './sides.js';

/** The most transfers that one answer lists. */
const MAX_TRANSFERS = 32;

interface StatusContext {
  readonly pair: Pair;
  readonly recorder: Recorder;
  readonly retries: ProblemRetries;
  readonly sides: Sides;
  readonly session: { readonly isPaused: boolean; readonly isQuiet: boolean };
}

/** Reports the state of one pair. */
export class PairStatus {
  readonly #context: StatusContext;

  constructor(context: StatusContext) {
    this.#context = context;
  }

  get state(): PairState {
    const { pair, recorder, sides, session } = this.#context;
    const present = sides.peer;
    if (recorder.halted) return 'halted';
    if (session.isPaused) return 'paused';
    if (pair.a.snapshot === null) return 'scanning';
    if (present === null) return 'peer-lost';
    if (!present.seen) return 'scanning';
    return session.isQuiet ? 'in-sync' : 'syncing';
  }

  get isConnected(): boolean {
    return this.#context.sides.peer !== null;
  }

  /** How many paths are queued, marked for comparison, or not settled yet. */
  get pending(): number {
    const { pair, sides } = this.#context;
    const queues = sides.peer?.queues;
    const transferred = queues === undefined ? 0 : queues.a.size + queues.b.size;
    return transferred + pair.marks.size + pair.a.unsettled + pair.b.unsettled;
  }

  /** Every present problem. A halt concerns the whole pair, so its path is empty. */
  problems(): Problem[] {
    const { a, b, halts: found } = this.#context.pair;
    const halts = found.map((halt) => ({ path: '', code: halt.code, message: withAdvice(halt) }));
    return [...halts, ...a.problems, ...b.problems, ...this.#context.retries.list()];
  }

  /** The running transfers, the largest first, and what is left to transfer. */
  transfers(): { readonly transfers: Transfer[]; readonly left: { readonly files: number; readonly bytes: number } } {
    const queues = this.#context.sides.peer?.queues;
    if (queues === undefined) return { transfers: [], left: this.left() };
    const coming = (to: Side): Transfer[] => Array.from(comingOf(queues[to].transferred), (one) => ({ ...one, to }));
    const transfers = [...coming('a'), ...coming('b')].sort((x, y) => y.size - x.size).slice(0, MAX_TRANSFERS);
    return { transfers, left: this.left() };
  }

  /** How many changes and content bytes are left to transfer. */
  left(): { readonly files: number; readonly bytes: number } {
    const queues = this.#context.sides.peer?.queues;
    if (queues === undefined) return { files: 0, bytes: 0 };
    const [a, b] = [leftOf(queues.a.transferred), leftOf(queues.b.transferred)];
    return { files: a.files + b.files, bytes: a.bytes + b.bytes };
  }

  /**
   * @returns the share of the content of `path` that has arrived at its target, 0–100; null where none is being
   *   transferred.
   */
  progress(path: RelPath): number | null {
    const queues = this.#context.sides.peer?.queues;
    return queues?.a.progress(path) ?? queues?.b.progress(path) ?? null;
  }
}
