// Deletions on one side that were accepted, or confirmed by a person, and are not yet carried out on the other side.
// They are kept across restarts, so that nobody is asked about them again.
import { type RelPath, type Side, someAtOrAbove } from '../../core/path.js';
import type { Table } from '../../disk/state/store.js';

/** The name of its table in the archive. */
export const GONE_TABLE = 'gone';

/** Accepted deletions by side; a path stands for everything that was below it. */
export class KnownLosses implements Table {
  readonly #paths: Readonly<Record<Side, Set<RelPath>>> = { a: new Set(), b: new Set() };
  /** Writes a row; null deletes it. Set once the store is open. */
  write: (key: string, value: true | null) => void = () => {};

  load(key: string, value: unknown): void {
    const side = key.slice(0, 1) as Side;
    const path = key.slice(2) as RelPath;
    if (value === true) this.#paths[side]?.add(path);
    else this.#paths[side]?.delete(path);
  }

  *all(): Iterable<readonly [string, true]> {
    for (const side of ['a', 'b'] as const) for (const path of this.#paths[side]) yield [keyOf(side, path), true];
  }

  add(side: Side, path: RelPath): void {
    if (this.#paths[side].has(path)) return;
    this.#paths[side].add(path);
    this.write(keyOf(side, path), true);
  }

  has(side: Side, path: RelPath): boolean {
    const paths = this.#paths[side];
    return paths.size > 0 && someAtOrAbove(path, (at) => paths.has(at));
  }

  /** `path` exists on `side` again. */
  delete(side: Side, path: RelPath): void {
    if (this.#paths[side].delete(path)) this.write(keyOf(side, path), null);
  }

  /** Both sides agree on `path`: nothing is left to delete. */
  settle(path: RelPath): void {
    this.delete('a', path);
    this.delete('b', path);
  }

  /** Forgets the paths that exist on `side` again. */
  prune(side: Side, stands: (path: RelPath) => boolean): void {
    for (const path of [...this.#paths[side]]) if (stands(path)) this.delete(side, path);
  }

  clear(): void {
    this.prune('a', () => true);
    this.prune('b', () => true);
  }
}

const keyOf = (side: Side, path: RelPath): string => `${side}:${path}`;
