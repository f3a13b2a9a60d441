// What becomes of held updates at the end of their lock, foreseen: it is told to whoever unlocks, so it claims nothing that
// only a later look can know.
import { type Entry, sameContent } from './entry.js';
import type { HeldUpdate, HeldWay } from './locks/records.js';

/**
 * `applied`: one by one. `copy`: the last becomes a conflict copy. `dropped`: the last is a deletion, and the holder's
 * version stays. `same`: the last left what the holder's side has too. `returns`: the holder's side has nothing there, so
 * the last takes its place. `versions`: the holder's version stays, alone. `settled`: as any conflict. Earlier ones go to
 * versions in all cases but the first.
 */
export type HeldFate = 'applied' | 'copy' | 'dropped' | 'same' | 'returns' | 'versions' | 'settled';

/** @returns whether the updates follow on what the holder's side has now, `current`. */
export const follows = (updates: readonly HeldUpdate[], current: Entry | null, way: HeldWay): boolean =>
  way === 'apply' && sameContent(updates[0]!.base, current);

/**
 * @param updates of one path, in order; at least one.
 * @param current what the holder's side has.
 */
export function heldFate(updates: readonly HeldUpdate[], current: Entry | null, way: HeldWay): HeldFate {
  if (follows(updates, current, way)) return 'applied';
  const last = updates.at(-1)!.after;
  // Directories take what is below them along: that is decided for the whole tree, and later.
  if ([current, ...updates.map(({ after }) => after)].some((entry) => entry?.type === 'dir')) return 'settled';
  if (way === 'discard' && updates.some(({ after }) => after !== null)) return 'versions';
  if (sameContent(last, current)) return 'same';
  // The other side is back where it was before: only the holder's side changed after all.
  if (way === 'apply' && sameContent(last, updates[0]!.base)) return current === null ? 'settled' : 'versions';
  if (last === null) return 'dropped';
  return current === null ? 'returns' : 'copy';
}
