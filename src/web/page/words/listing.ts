// The list as it changes: what an event says of a file is shown at once, long before a large list could be read again.
// Rows stay in the order of their paths' bytes, in which they are found by halving.
import type { SyncEvent } from '../../../core/events.js';
import { comparePaths } from '../../../core/path.js';
import type { ListEntry } from '../../../wire/client-api/methods.js';

type Synced = Extract<SyncEvent, { event: 'synced' }> & { readonly time: string };

/** @returns where the row of `path` is or would be, and whether it is there. */
export function placeIn(rows: readonly ListEntry[], path: string): { readonly at: number; readonly found: boolean } {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (comparePaths(rows[middle]!.path, path) < 0) low = middle + 1;
    else high = middle;
  }
  return { at: low, found: rows[low]?.path === path };
}

/** @returns the rows after what was synchronised, in a new array; `rows` itself where nothing of it is about a row. */
export function afterEvents(rows: readonly ListEntry[], events: readonly Synced[]): readonly ListEntry[] {
  const changed = [...rows];
  let isChanged = false;
  for (const event of events) isChanged = apply(changed, event) || isChanged;
  return isChanged ? changed : rows;
}

function apply(rows: ListEntry[], { path, action, bytes, was, time }: Synced): boolean {
  if (action === 'deleted') return remove(rows, path) !== null;
  const before = action === 'renamed' && was !== undefined ? remove(rows, was) : null;
  const { at, found } = placeIn(rows, path);
  if (found) {
    const { syncing: _syncing, ...row } = rows[at]!;
    rows[at] = { ...row, on: 'both', ...(action === 'metadata' ? {} : { size: bytes, mtime: time }) };
    return true;
  }
  // What may be a directory gets no row: the next reading brings empty files, and what was renamed with its directory.
  if (before === null && (action !== 'created' || bytes === 0)) return false;
  rows.splice(at, 0, before === null ? newRow(path, bytes, time) : { ...before, path });
  return true;
}

function remove(rows: ListEntry[], path: string): ListEntry | null {
  const { at, found } = placeIn(rows, path);
  return found ? rows.splice(at, 1)[0]! : null;
}

const newRow = (path: string, size: number, mtime: string): ListEntry => ({
  ...{ index: -1, path, type: 'file', size, mtime, mode: 0o644, on: 'both', lock: null, held: 0 },
});
