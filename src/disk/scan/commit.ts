// The last step of a scan: writes the findings into the snapshot. A later report names them and the store keeps them.
import { type Entry, sameEntry } from '../../core/entry.js';
import { parentOf, type RelPath } from '../../core/path.js';
import { entryOf, type Node } from '../../core/snapshot.js';
import { TimeSlice } from '../fs/time-slice.js';
import type { ScanContext } from './context.js';
import type { Differences } from './diff.js';
import type { Findings } from './judge.js';

/** Paths that this server wrote while a scan ran: what the scan found at, above or below them is out of date. */
export class Overwritten {
  readonly #paths = new Set<RelPath>();
  readonly #above = new Set<RelPath | ''>();

  add(path: RelPath): void {
    this.#paths.add(path);
    for (let dir = parentOf(path); dir !== '' && !this.#above.has(dir); dir = parentOf(dir)) this.#above.add(dir);
  }

  clear(): void {
    this.#paths.clear();
    this.#above.clear();
  }

  concerns(path: RelPath): boolean {
    if (this.#paths.size === 0) return false;
    if (this.#above.has(path)) return true;
    for (let at: RelPath | '' = path; at !== ''; at = parentOf(at)) if (this.#paths.has(at)) return true;
    return false;
  }
}

/** What a commit changes and calls. */
interface CommitTo {
  readonly context: ScanContext;
  readonly differences: Differences;
  readonly overwritten: Overwritten;
  /** Called for every change of the snapshot, to store it. */
  readonly onSeen: (path: RelPath, entry: Entry | null) => void;
  /** Called for each path that could not be committed: it must be scanned again. */
  readonly again: (path: RelPath) => void;
}

/** Takes `findings` into the snapshot, parents before children, and gives way to other work between slices of time. */
export async function commit(findings: Findings, to: CommitTo): Promise<void> {
  const slice = new TimeSlice();
  for (const [path, entry] of findings) {
    if (fits(path, entry, to)) commitOne(path, entry, to);
    else to.again(path);
    if (slice.isTired) await slice.rest();
  }
}

/** RACE: while the scan ran, the parent directory may have vanished, or this server may have written there. */
function fits(path: RelPath, entry: Entry | null, { context, overwritten }: CommitTo): boolean {
  if (entry !== null && context.snapshot.get(parentOf(path))?.type !== 'dir') return false;
  return !overwritten.concerns(path);
}

function commitOne(path: RelPath, entry: Entry | null, { context, differences, onSeen }: CommitTo): void {
  const { snapshot, directories, unsettled } = context;
  const before = snapshot.get(path);
  if (!isSame(before, entry)) differences.touch(path, before, entry);
  if (entry?.type !== 'dir' && before?.type === 'dir') {
    directories.drop(path);
    unsettled.releaseBelow(path);
  }
  unsettled.release(path);
  if (entry?.type === 'dir') directories.holdMode(path, null);
  if (before === null && entry === null) return;
  snapshot.put(path, entry);
  onSeen(path, entry);
}

const isSame = (node: Node | null, entry: Entry | null): boolean =>
  (node?.type === 'dir') === (entry?.type === 'dir') && sameEntry(entryOf(node), entry);
