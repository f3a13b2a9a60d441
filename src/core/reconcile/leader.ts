// Which of two different contents of a path both sides have in the end. The reconciliation decides by it, and so does
// whoever has to know which content is on its way.
import { type Entry, mtimeOf, sameContent, sameEntry } from '../entry.js';
import { otherSide, type RelPath, type Side } from '../path.js';
import type { ReconcileOptions } from './plan.js';

/** The entries of one path: in the archive, on side a and on side b. */
interface Entries {
  readonly o: Entry | null;
  readonly a: Entry | null;
  readonly b: Entry | null;
}

/** @returns the side that the other one follows, because it alone has changed or has a content; null for a conflict. */
export function followedSide({ o, a, b }: Entries): Side | null {
  if (sameEntry(o, a) || (b !== null && sameContent(o, a))) return 'b';
  if (sameEntry(o, b) || (a !== null && sameContent(o, b))) return 'a';
  if (b === null) return 'a';
  return a === null ? 'b' : null;
}

/** @returns the side whose content keeps the name in a conflict: the newer one, side a where the times are equal. */
export function winningSide(path: RelPath, a: Entry, b: Entry, { winner }: Pick<ReconcileOptions, 'winner'>): Side {
  return winner?.(path) ?? (mtimeOf(a) >= mtimeOf(b) ? 'a' : 'b');
}

/** @returns the side whose entry of `path` both sides have after a reconciliation, where their contents differ. */
export function leadingSide(
  path: RelPath,
  { o, a, b }: Entries,
  options: Pick<ReconcileOptions, 'winner' | 'overrides'>,
): Side {
  const { side, other } = options.overrides?.(path) ?? {};
  if (side !== undefined) {
    const isOnlyOther = (side === 'a' ? a : b) === null;
    return isOnlyOther && other === 'copy' ? otherSide(side) : side;
  }
  return followedSide({ o, a, b }) ?? winningSide(path, a!, b!, options);
}
