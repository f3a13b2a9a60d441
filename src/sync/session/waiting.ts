// What waits to be transferred while nothing is transferred: while the pair is paused or halted, or side b is away. It
// is what would be planned now, counted for whoever asks.
import { type Change, contentOf, pathsOf } from '../../core/change.js';
import { sizeOf } from '../../core/entry.js';
import type { RelPath } from '../../core/path.js';
import type { Pair } from '../pair/pair.js';
import type { Planner } from './planner.js';
import { NOTHING, type Volume } from './queued-change.js';

/** A count is used again for this many times as long as it took; where something changed, at most so many milliseconds. */
const PAUSE_PER_COUNT = 20;
const MAX_PAUSE_MS = 800;

/** Changes that wait. */
interface Waiting extends Volume {
  /** Each path that a change touches. */
  readonly paths: ReadonlyMap<RelPath, Change>;
}

const NOBODY: Waiting = { ...NOTHING, paths: new Map() };

/** Counts what waits in one pair. */
export class WaitingChanges {
  readonly #pair: Pick<Pair, 'generation' | 'records'>;
  readonly #planner: Pick<Planner, 'waiting'>;

  #counted: Waiting = NOBODY;
  #state = '';
  #at = Number.NEGATIVE_INFINITY;
  #pauseMs = 0;

  constructor(pair: Pick<Pair, 'generation' | 'records'>, planner: Pick<Planner, 'waiting'>) {
    this.#pair = pair;
    this.#planner = planner;
  }

  /** @returns what waits now, or did a moment ago: a large tree takes a while to compare. */
  count(): Waiting {
    const { generation, records } = this.#pair;
    const state = `${generation} ${records}`;
    const begun = performance.now();
    const pauseMs = state === this.#state ? this.#pauseMs : Math.min(this.#pauseMs, MAX_PAUSE_MS);
    if (begun < this.#at + pauseMs) return this.#counted;
    const plan = this.#planner.waiting();
    this.#counted = countOf(plan === null ? [] : [...plan.toA, ...plan.toB]);
    this.#state = state;
    this.#at = performance.now();
    this.#pauseMs = (this.#at - begun) * PAUSE_PER_COUNT;
    return this.#counted;
  }

  /** Changes are transferred again: frees the memory of the last count. */
  forget(): void {
    this.#counted = NOBODY;
    this.#at = Number.NEGATIVE_INFINITY;
  }
}

function countOf(changes: readonly Change[]): Waiting {
  let bytes = 0;
  const paths = new Map<RelPath, Change>();
  for (const change of changes) {
    bytes += sizeOf(contentOf(change));
    for (const path of pathsOf(change)) paths.set(path, change);
  }
  return { files: changes.length, bytes, paths };
}
