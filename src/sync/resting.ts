// Paths that wait for better times, and what was there when the last attempt failed: anything else is worth a new one.
import { type Entry, sameEntry } from '../core/entry.js';
import type { RelPath, Side } from '../core/path.js';
import type { Pair } from './pair/pair.js';

export class Resting {
  private readonly tried = new Map<RelPath, Entry | null>();

  constructor(private readonly pair: Pair) {}

  /** @param found what stood at `path` when the attempt failed. */
  add(path: RelPath, found: Entry | null): void {
    this.tried.set(path, found);
  }

  has(path: RelPath, side: Side): boolean {
    const found = this.tried.get(path);
    return found !== undefined && sameEntry(found, this.pair.entry(side, path));
  }

  /** The time has come to try again. @returns whether `path` waited for it. */
  delete(path: RelPath): boolean {
    return this.tried.delete(path);
  }
}
