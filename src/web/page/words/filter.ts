// Finds rows while somebody types: every word has to be in the path, in any case; and shows only what one looks for: what
// is locked, mine, held, in conflict, on one side. A list of 100,000 rows takes a few milliseconds.
import type { ListEntry, LockRow } from '../../../wire/client-api/methods.js';
import { isCopy, isMine } from './row-words.js';

export const KINDS = ['all', 'locked', 'mine', 'held', 'conflicts', 'one side'] as const;
export type Kind = (typeof KINDS)[number];

export interface Search {
  readonly text: string;
  readonly kind: Kind;
  /** Only what is below this folder, which ends in a slash; '' for all. */
  readonly folder: string;
}

/** What is known of all files besides their rows. */
interface AllFacts {
  readonly locks: ReadonlyMap<string, LockRow>;
  readonly held: ReadonlyMap<string, number>;
  readonly me: string;
}

/** Filters one list again and again. */
export class ListFilter {
  #rows: readonly ListEntry[] = [];
  #lower: readonly string[] = [];

  /** @returns the rows of `rows` that are searched for, in their order. */
  filter(rows: readonly ListEntry[], search: Search, facts: AllFacts): readonly ListEntry[] {
    const { folder, kind } = search;
    const words = search.text.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0 && folder === '' && kind === 'all') return rows;
    const lower = words.length === 0 ? [] : this.#lowerOf(rows);
    return rows.filter(
      (row, n) =>
        row.path.startsWith(folder) && isKind(row, kind, facts) && words.every((word) => lower[n]!.includes(word)),
    );
  }

  #lowerOf(rows: readonly ListEntry[]): readonly string[] {
    if (rows !== this.#rows) {
      this.#rows = rows;
      this.#lower = rows.map(({ path }) => path.toLowerCase());
    }
    return this.#lower;
  }
}

function isKind({ path, on }: ListEntry, kind: Kind, { locks, held, me }: AllFacts): boolean {
  switch (kind) {
    case 'all':
      return true;
    case 'locked':
      return locks.has(path);
    case 'mine': {
      const lock = locks.get(path);
      return lock !== undefined && isMine(lock, me);
    }
    case 'held':
      return held.has(path);
    case 'conflicts':
      return isCopy(path);
    case 'one side':
      return on !== 'both';
  }
}
