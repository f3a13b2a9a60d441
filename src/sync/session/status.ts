// The state of the pair for `status` and the listing. It only reads.
import { contentOf } from '../../core/change.js';
import { sizeOf } from '../../core/entry.js';
import type { Problem } from '../../core/errors.js';
import type { RelPath, Side } from '../../core/path.js';
import { entryOf } from '../../core/snapshot.js';
import type { PairState, Transfer, Transfers } from '../../wire/client-api/methods.js';
import { withAdvice } from '../../wire/frame/advice-text.js';
import type { HeldUpdates } from '../held/held-updates.js';
import type { Claims } from '../pair/claims.js';
import type { Pair } from '../pair/pair.js';
import { OpenPaths } from './open-paths.js';
import type { Planner } from './planner.js';
import type { ProblemRetries } from './problems.js';
import { comingOf, leftOf, sumOf, type Volume } from './queued-change.js';
import type { Recorder } from './recorder.js';
import type { Sides } from './sides.js';
import type { WaitingChanges } from './waiting.js';
import type { Work } from './work.js';

/** The most transfers that one answer lists. */
const MAX_TRANSFERS = 32;

interface StatusContext {
  readonly pair: Pair;
  readonly recorder: Recorder;
  readonly claims: Claims;
  readonly retries: ProblemRetries;
  readonly planner: Pick<Planner, 'leadingSide'>;
  readonly sides: Sides;
  readonly heldUpdates: Pick<HeldUpdates, 'fetching'>;
  readonly work: Work;
  readonly waiting: WaitingChanges;
  readonly clock: { now(): number };
  readonly session: { readonly isPaused: boolean; readonly canSync: boolean; readonly isInSync: boolean };
}

/** Reports the state of one pair. */
export class PairStatus {
  readonly #context: StatusContext;
  readonly #open: OpenPaths;

  constructor(context: StatusContext) {
    this.#context = context;
    this.#open = new OpenPaths(context);
  }

  get state(): PairState {
    const { pair, recorder, sides, session } = this.#context;
    const present = sides.peer;
    if (recorder.halted) return 'halted';
    if (session.isPaused) return 'paused';
    if (pair.a.snapshot === null) return 'scanning';
    if (present === null) return 'peer-lost';
    if (!present.seen) return 'scanning';
    return session.isInSync ? 'in-sync' : 'syncing';
  }

  get isConnected(): boolean {
    return this.#context.sides.peer !== null;
  }

  /** Whether side b has been scanned since it connected; otherwise it is shown as it was last seen. */
  get hasSeenB(): boolean {
    return this.#context.sides.peer?.seen === true;
  }

  /** When both sides last agreed, milliseconds since 1970: now, while they do; null where they never have. */
  get lastInSync(): number | null {
    const { pair, clock } = this.#context;
    return this.state === 'in-sync' ? clock.now() : pair.meta.get('inSync');
  }

  /** How many paths are queued, marked for comparison, not settled yet, or wait until changes are transferred again. */
  get pending(): number {
    const { pair, sides, session, waiting } = this.#context;
    const queues = sides.peer?.queues;
    const transferred = queues === undefined ? 0 : queues.a.size + queues.b.size;
    const differing = session.canSync ? pair.marks.size + this.#open.size : waiting.count().paths.size;
    return transferred + differing + pair.a.unsettled + pair.b.unsettled;
  }

  /** Every present problem. A halt concerns the whole pair, so its path is empty. */
  problems(): Problem[] {
    const { a, b, halts: found } = this.#context.pair;
    const halts = found.map((halt) => ({ path: '', code: halt.code, message: withAdvice(halt) }));
    return [...halts, ...a.problems, ...b.problems, ...this.#context.retries.list()];
  }

  /** The contents on their way, the largest first, and how far the work has come. */
  transfers(): Transfers {
    const transfers = [...this.#transfersTo('a'), ...this.#transfersTo('b')];
    return { transfers: transfers.sort((x, y) => y.size - x.size).slice(0, MAX_TRANSFERS), ...this.progress() };
  }

  *#transfersTo(to: Side): Generator<Transfer> {
    const { pair, sides } = this.#context;
    const transferred = sides.peer?.queues[to].transferred ?? new Map();
    for (const one of comingOf(transferred)) yield { ...one, to };
    const from = to === 'a' ? pair.b : pair.a;
    for (const [path, size] of from.arriving)
      if (!transferred.has(path)) yield { path, size, arrived: 0, to, reading: true };
  }

  /** How far the work has come. */
  progress(): ReturnType<Work['progress']> {
    const { work, session } = this.#context;
    const left = this.left();
    if (session.canSync) work.note(left);
    return work.progress(left);
  }

  /** How many changes and content bytes are left to transfer, those included that are still being written or read. */
  left(): Volume {
    const { pair, sides, session, waiting, heldUpdates } = this.#context;
    const queues = sides.peer?.queues;
    const queued = queues === undefined ? [] : [leftOf(queues.a.transferred), leftOf(queues.b.transferred)];
    const unsettled = [pair.a, pair.b].map(({ unsettled: files, arriving }) => ({
      files,
      bytes: sumOfSizes(arriving),
    }));
    const others = session.canSync ? this.#open.volume() : waiting.count();
    return sumOf(...queued, ...unsettled, heldUpdates.fetching, others);
  }

  /**
   * @returns the share of the content of `path` that has arrived at its target, 0–100; null where nothing is on its way
   *   there. Where both sides have the file and the newer content is not being transferred now, it is what had arrived.
   */
  progressOf(path: RelPath): number | null {
    const { pair, sides, session, waiting } = this.#context;
    const queues = sides.peer?.queues;
    const share = queues?.a.progress(path) ?? queues?.b.progress(path) ?? null;
    if (share !== null) return share;
    if (pair.entry('a', path) === null || pair.entry('b', path) === null) return null;
    if (session.canSync) return this.#open.progress(path) ?? this.#shareOfArriving(path);
    const change = waiting.count().paths.get(path);
    return change === undefined ? this.#shareOfArriving(path) : sides.arrived.shareOf(contentOf(change));
  }

  /** What is read anew and has the size that it had is taken for the same content: what had arrived of it still counts. */
  #shareOfArriving(path: RelPath): number | null {
    const { pair, sides } = this.#context;
    for (const side of [pair.a, pair.b] as const) {
      const size = side.arriving.get(path);
      if (size === undefined) continue;
      const known = entryOf(side.snapshot?.get(path) ?? null);
      return sizeOf(known) === size ? sides.arrived.shareOf(known) : 0;
    }
    return null;
  }
}

function sumOfSizes(sizes: ReadonlyMap<RelPath, number>): number {
  let bytes = 0;
  for (const size of sizes.values()) bytes += size;
  return bytes;
}
