// The paths that differ, or may, and are in no queue while changes are transferred: somebody else still has them, or they
// wait for another attempt. They count as work that is left until they are queued again or turn out to be equal.
import { type Entry, sameContent, sameEntry, sizeOf } from '../../core/entry.js';
import type { RelPath } from '../../core/path.js';
import type { Claims } from '../pair/claims.js';
import type { Pair } from '../pair/pair.js';
import type { Planner } from './planner.js';
import type { ProblemRetries } from './problems.js';
import type { ArrivedContents, Volume } from './queued-change.js';

interface OpenPathsContext {
  readonly pair: Pick<Pair, 'postponed' | 'entry'>;
  readonly claims: Pick<Claims, 'heldBy'>;
  readonly retries: Pick<ProblemRetries, 'isMovingAt' | 'moving'>;
  readonly planner: Pick<Planner, 'leadingSide'>;
  readonly sides: { readonly arrived: ArrivedContents };
}

/** Counts the open paths of one pair. */
export class OpenPaths {
  readonly #context: OpenPathsContext;

  constructor(context: OpenPathsContext) {
    this.#context = context;
  }

  /** How many there are. */
  get size(): number {
    return [...this.#paths()].length;
  }

  /** Those at which both sides differ, and the content bytes that have not arrived. */
  volume(): Volume {
    const { arrived } = this.#context.sides;
    let [files, bytes] = [0, 0];
    for (const path of this.#paths()) {
      const [a, b] = this.#entries(path);
      if (sameEntry(a, b)) continue;
      files++;
      if (sameContent(a, b)) continue;
      const coming = this.#coming(path);
      bytes += sizeOf(coming) - arrived.of(coming);
    }
    return { files, bytes };
  }

  /**
   * @returns the share of the content for `path` that had arrived, 0–100; null where it is not open, or the contents do
   *   not differ.
   */
  progress(path: RelPath): number | null {
    const { pair, retries, sides } = this.#context;
    const isOpen = retries.isMovingAt(path) || (pair.postponed.size > 0 && pair.postponed.touches(path));
    if (!isOpen) return null;
    const [a, b] = this.#entries(path);
    return sameContent(a, b) ? null : sides.arrived.shareOf(this.#coming(path));
  }

  /** Which of two contents that differ is on its way: the one that would be planned now. */
  #coming(path: RelPath): Entry | null {
    const { pair, planner } = this.#context;
    return pair.entry(planner.leadingSide(path), path);
  }

  #entries(path: RelPath): [Entry | null, Entry | null] {
    const { pair } = this.#context;
    return [pair.entry('a', path), pair.entry('b', path)];
  }

  #paths(): Set<RelPath> {
    const { pair, retries, claims } = this.#context;
    const open = new Set<RelPath>();
    // What is in a queue, or is fetched to be held, is counted there.
    const add = (path: RelPath | '') => {
      if (path !== '' && claims.heldBy(path, ['transfer', 'held-update']) === null) open.add(path);
    };
    for (const path of pair.postponed.paths()) add(path);
    for (const path of retries.moving()) add(path);
    return open;
  }
}
