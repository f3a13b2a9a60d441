// The pair at a glance, for `status` and the listing: read from what is there, changing nothing.
import type { Problem } from '../../core/errors.js';
import type { RelPath, Side } from '../../core/path.js';
import type { PairState, Transfer } from '../../wire/client-api/methods.js';
import type { Pair } from '../pair/pair.js';
import type { Troubles } from './problems.js';
import { comingOf, leftOf } from './queued-change.js';
import type { Recorder } from './recorder.js';
import type { Sides } from './sides.js';

/** As many as anybody looks at. */
const MOST_TRANSFERS = 32;

/** What an overview is drawn from. */
export interface OverviewSurroundings {
  readonly pair: Pair;
  readonly recorder: Recorder;
  readonly troubles: Troubles;
  readonly sides: Sides;
  readonly session: { readonly isPaused: boolean; readonly isQuiet: boolean };
}

/** How the pair stands. */
export class Overview {
  constructor(private readonly around: OverviewSurroundings) {}

  get state(): PairState {
    const { pair, recorder, sides, session } = this.around;
    const present = sides.far;
    if (recorder.halted) return 'halted';
    if (session.isPaused) return 'paused';
    if (pair.a.snapshot === null) return 'scanning';
    if (present === null) return 'peer-lost';
    if (!present.seen) return 'scanning';
    return session.isQuiet ? 'in-sync' : 'syncing';
  }

  get isConnected(): boolean {
    return this.around.sides.far !== null;
  }

  /** How many paths are waiting to be carried or looked at. */
  get pending(): number {
    const { pair, sides } = this.around;
    const carriers = sides.far?.carriers;
    const carried = carriers === undefined ? 0 : carriers.a.size + carriers.b.size;
    return carried + pair.marks.size + pair.a.unsettled + pair.b.unsettled;
  }

  /** Everything that is in the way at present; what halts the whole pair has no path. */
  problems(): Problem[] {
    const { a, b, halts: found } = this.around.pair;
    const halts = found.map((halt) => ({ path: '', ...halt }));
    return [...halts, ...a.problems, ...b.problems, ...this.around.troubles.list()];
  }

  /** What is being carried now, the largest first, and what is left to carry. */
  transfers(): { readonly transfers: Transfer[]; readonly left: { readonly files: number; readonly bytes: number } } {
    const carriers = this.around.sides.far?.carriers;
    if (carriers === undefined) return { transfers: [], left: this.left() };
    const coming = (to: Side): Transfer[] => Array.from(comingOf(carriers[to].carried), (one) => ({ ...one, to }));
    const transfers = [...coming('a'), ...coming('b')].sort((x, y) => y.size - x.size).slice(0, MOST_TRANSFERS);
    return { transfers, left: this.left() };
  }

  /** What is left to carry. */
  left(): { readonly files: number; readonly bytes: number } {
    const carriers = this.around.sides.far?.carriers;
    if (carriers === undefined) return { files: 0, bytes: 0 };
    const [a, b] = [leftOf(carriers.a.carried), leftOf(carriers.b.carried)];
    return { files: a.files + b.files, bytes: a.bytes + b.bytes };
  }

  /** @returns how much of the content of `path` has come to where it goes, 0–100, null where nothing is on its way. */
  progress(path: RelPath): number | null {
    const carriers = this.around.sides.far?.carriers;
    return carriers?.a.progress(path) ?? carriers?.b.progress(path) ?? null;
  }
}
