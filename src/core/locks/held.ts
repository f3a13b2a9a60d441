// Held updates: how they join the queue of their path, which updates are new, and how they leave the queue.
import type { Action } from '../change.js';
import { type Entry, mtimeOf, sameContent, sameEntry, sizeOf } from '../entry.js';
import type { RelPath } from '../path.js';
import { type Decision, type LockEvent, noted } from './events.js';
import type { HeldUpdate } from './records.js';
import type { LockTable } from './table.js';

/** Adds an update of a locked path to its queue. */
export function holdUpdate(table: LockTable, event: LockEvent & { kind: 'hold' }): Decision {
  const { path, base, after, file, now } = event;
  const id = table.counter('held') + 1;
  const action = actionOf(base, after);
  const update: HeldUpdate = { id, path, action, received: now, base, after, file };
  const position = table.heldOf(path).length + 1;
  return noted(
    [
      { table: 'counter', key: 'held', value: id },
      { table: 'held', key: String(id), value: update },
    ],
    [{ event: 'held', path, action, position }],
  );
}

/** Removes the first update of a draining path from its queue. */
export function drainHeld(table: LockTable, path: RelPath, applied: boolean): Decision {
  const drain = table.drains.get(path);
  const [first, ...rest] = table.heldOf(path);
  if (drain === undefined || first === undefined) return noted([{ table: 'drain', key: path, value: null }]);
  const position = drain.of - rest.length;
  return noted(
    [
      { table: 'held', key: String(first.id), value: null },
      { table: 'drain', key: path, value: rest.length === 0 ? null : { ...drain, applied: position } },
    ],
    applied ? [{ event: 'applied', path, action: first.action, position, of: drain.of }] : [],
  );
}

/** @returns the action that turns `base` into `after`. */
export function actionOf(base: Entry | null, after: Entry | null): Action {
  if (base === null) return 'created';
  if (after === null) return 'deleted';
  return sameContent(base, after) ? 'metadata' : 'modified';
}

/**
 * Decides whether the other side's present entry at a locked path is a new update, known neither to the pair nor to the
 * queue.
 * @param shared what both sides last shared there.
 * @param former the last update that a former partner had made; 0 where there was none.
 * @returns the entry on which the update is based; null where there is no new update.
 */
export function arrivalOn(
  table: LockTable,
  path: RelPath,
  shared: Entry | null,
  present: Entry | null,
  former = 0,
): { readonly base: Entry | null } | null {
  const held = table.heldOf(path);
  const last = held.at(-1);
  if (present === null && shared === null && last !== undefined) {
    // The updates are held for a file that both sides had, and nothing is shared at this path: the lock was moved by a
    // rename that the held side has not carried out yet. It never had this name, so it has not deleted the file.
    if (held[0]!.base !== null) return null;
    // Nor has a new partner deleted what the former one had made.
    if (last.id <= former) return null;
  }
  // At a first contact the newer of two contents stays: what a new partner had before takes no effect after it.
  if (last !== undefined && last.id <= former && isOlder(present, last.after)) return null;
  const known = last === undefined ? shared : last.after;
  return sameEntry(known, present) ? null : { base: known };
}

/** Directories have no times: none is older than a file. */
const isOlder = (x: Entry | null, y: Entry | null): boolean =>
  x !== null && y !== null && x.type !== 'dir' && mtimeOf(x) < mtimeOf(y);

/** @returns the size in bytes of the content of a held update. */
export const heldSize = (update: HeldUpdate): number => sizeOf(update.after);
