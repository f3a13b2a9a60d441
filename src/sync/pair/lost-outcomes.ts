// What came to side b, or went from it, while nobody could record it: server-b or server-a was killed in between. The next
// look at side b shows what it has; where that is what side a had at the time, both sides shared it, and that is noted
// now. Otherwise a file that its owner deletes meanwhile would come back, and one that he brings back would be deleted.
import type { Change } from '../../core/change.js';
import { type Entry, sameContent, sameEntry } from '../../core/entry.js';
import type { RelPath, Side } from '../../core/path.js';
import { entryOf, type Snapshot } from '../../core/snapshot.js';

/** What is asked of the pair, and told to it. */
interface SharedState {
  isOutOfReach(path: RelPath): boolean;
  entry(side: Side, path: RelPath): Entry | null;
  /** @returns what both sides last shared at `path`. */
  shared(path: RelPath): Entry | null;
  agree(path: RelPath, entry: Entry | null): void;
  mark(path: RelPath): void;
}

/** States of side a that side b may share, by path. */
export class LostOutcomes {
  readonly #states = new Map<RelPath, Entry | null>();

  /** The outcome of `change` on side b will never be known. */
  note({ path, after, from }: Change): void {
    this.#states.set(path, after);
    if (from !== undefined) this.#states.set(from.path, null);
  }

  /** The last run ended without a word: whatever side a had seen by then may have been carried. */
  noteRun(seen: Snapshot, archive: Snapshot): void {
    for (const [path, node] of seen.walk()) {
      if (!sameEntry(entryOf(archive.get(path)), entryOf(node))) this.#states.set(path, entryOf(node));
    }
    for (const [path] of archive.walk()) if (seen.get(path) === null) this.#states.set(path, null);
  }

  /** Side b has been looked at since. What it cannot tell yet (a large file that is still being read) waits. */
  settle(pair: SharedState): void {
    for (const [path, state] of this.#states) {
      if (pair.isOutOfReach(path)) continue;
      this.#states.delete(path);
      if (!sameContent(pair.entry('b', path), state) || sameEntry(pair.shared(path), state)) continue;
      pair.agree(path, state);
      pair.mark(path);
    }
  }
}
