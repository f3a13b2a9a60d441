// Changes on side b whose outcome nobody could record, because server-a or server-b was killed. The next scan of side b
// shows its state. Where that is what side a had at the time, both sides shared it, and that is recorded now. Without
// this, a file that its owner deleted meanwhile would come back, and one that the owner restored would be deleted.
//
// It may also have arrived, and its owner have put the former content back since (such as git, from commit to commit and
// back): then one side has the content that was shared, with another time, and the other side the one that was
// transferred. Nobody knows which of them is the change, so neither counts as shared, and the time decides.
import type { Change } from '../../core/change.js';
import { type Entry, type FileEntry, sameContent, sameEntry } from '../../core/entry.js';
import type { RelPath, Side } from '../../core/path.js';
import { entryOf, type Snapshot } from '../../core/snapshot.js';
import type { ArchiveMeta } from './archive-meta.js';

/** What it needs of the pair. */
interface SharedState {
  isOutOfReach(path: RelPath): boolean;
  entry(side: Side, path: RelPath): Entry | null;
  /** @returns what both sides last shared at `path`. */
  shared(path: RelPath): Entry | null;
  agree(path: RelPath, entry: Entry | null): void;
  mark(path: RelPath): void;
}

/** How the last run of server-a ended, and what is known of it. */
export interface LastRun {
  /** Null where it was stopped: then it has recorded its outcomes. */
  readonly crash: { readonly ofMachine: boolean } | null;
  /** Whether what side a was seen to have could not be read. */
  readonly hasForgotten: boolean;
  /** What side a was last seen to have. */
  readonly seen: Snapshot;
}

/** States of side a that side b may share, by path. */
export class LostOutcomes {
  readonly #states = new Map<RelPath, Entry | null>();
  /** Paths of which side b has another state: side a may not have been scanned yet. */
  readonly #others = new Set<RelPath>();

  /** The outcome of `change` on side b will never be known. */
  note({ path, after, from }: Change): void {
    this.#states.set(path, after);
    if (from !== undefined) this.#states.set(from.path, null);
  }

  /** What both sides share at `path` is recorded: what was lost before is of no interest any more. */
  known(path: RelPath): void {
    this.#states.delete(path);
    this.#others.delete(path);
  }

  /** A first contact begins: nothing counts as shared, whatever was transferred before. */
  clear(): void {
    this.#states.clear();
    this.#others.clear();
  }

  /**
   * Server-a starts. Where its last run was killed, everything that side a had been seen to have by then may have been
   * transferred. After a crash of the machine, what was last seen may be older than the archive, until side a has been
   * scanned again.
   */
  noteLastRun({ crash, hasForgotten, seen }: LastRun, archive: Snapshot, meta: Pick<ArchiveMeta, 'get' | 'put'>): void {
    if (crash?.ofMachine === true) meta.put('seenIsOld', true);
    if (crash?.ofMachine === false && !hasForgotten && meta.get('seenIsOld') === null) this.#noteSeen(seen, archive);
  }

  #noteSeen(seen: Snapshot, archive: Snapshot): void {
    for (const [path, node] of seen.walk()) {
      if (!sameEntry(entryOf(archive.get(path)), entryOf(node))) this.#states.set(path, entryOf(node));
    }
    for (const [path] of archive.walk()) if (seen.get(path) === null) this.#states.set(path, null);
  }

  /**
   * Side b has been scanned since. Paths that it could not report yet (a large file that is being read) wait.
   * @param isOpen whether another scan has to tell what is at a path.
   */
  settle(pair: SharedState, isOpen: (path: RelPath) => boolean): void {
    for (const [path, state] of this.#states) {
      if (pair.isOutOfReach(path) || isOpen(path)) continue;
      this.#states.delete(path);
      const arrived = arrivedAs(state, pair.entry('b', path), pair.shared(path));
      if (arrived === undefined) this.#others.add(path);
      if (arrived === undefined || sameEntry(pair.shared(path), arrived)) continue;
      pair.agree(path, arrived);
      pair.mark(path);
    }
  }

  /** Both sides have been scanned: what may have been put back counts as not shared. */
  doubt(pair: SharedState): void {
    for (const path of this.#others) {
      if (!mayBeBack(pair.entry('a', path), pair.entry('b', path), pair.shared(path))) continue;
      pair.agree(path, null);
      pair.mark(path);
    }
    this.#others.clear();
  }
}

/** Whether one side has the shared content with another time, and the other side another content. */
function mayBeBack(a: Entry | null, b: Entry | null, shared: Entry | null): boolean {
  if (a?.type !== 'file' || b?.type !== 'file' || shared?.type !== 'file' || sameContent(a, b)) return false;
  const isBack = (file: FileEntry) => sameContent(file, shared) && file.mtime !== shared.mtime;
  return isBack(a) || isBack(b);
}

/**
 * @param state what was to be brought to side b.
 * @param there what side b has.
 * @returns what both sides share; undefined where `state` has not arrived.
 */
function arrivedAs(state: Entry | null, there: Entry | null, shared: Entry | null): Entry | null | undefined {
  if (!sameContent(there, state)) return undefined;
  // A content brings its time and bits along, so others are a change of side b.
  if (!sameContent(shared, state)) return state?.type === 'dir' ? there : state;
  // Only time and bits were to be changed: recorded where they were not, they would seem to be changed back on side b.
  return sameEntry(there, state) ? state : undefined;
}
