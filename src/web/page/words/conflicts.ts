// Conflicts as people compare them: side a left, side b right, each with its time and, as far as the log tells, the person
// who worked on it there. Which one is newer is never a reason to choose it.
import type { NumberedEvent } from '../../../core/events.js';
import type { Side } from '../../../core/path.js';
import type { ConflictRow } from '../../../wire/client-api/methods.js';

/** A file with its copies, the newest copy first. */
export interface Conflict {
  readonly path: string;
  readonly copies: readonly ConflictRow[];
}

/** One of both contents. */
export interface Content {
  readonly side: Side;
  /** Where it stands; null where there is no file any more. */
  readonly path: string | null;
  readonly size: number;
  readonly mtime: string;
}

/** @returns the conflicts in the order of the list. */
export function conflictsOf(rows: readonly ConflictRow[]): readonly Conflict[] {
  const found = new Map<string, ConflictRow[]>();
  for (const row of rows) found.set(row.path, [row, ...(found.get(row.path) ?? [])]);
  return Array.from(found, ([path, copies]) => ({ path, copies }));
}

/** @returns what stands on side a and on side b: the copy is of the side in its name, the file has the other content. */
export function contentsOf({ path, copy, side, size, mtime, original }: ConflictRow): {
  readonly a: Content;
  readonly b: Content;
} {
  const other = side === 'a' ? 'b' : 'a';
  const lost: Content = { side, path: copy, size, mtime };
  const kept: Content =
    original === null ? { side: other, path: null, size: 0, mtime: '' } : { side: other, path, ...original };
  return side === 'a' ? { a: lost, b: kept } : { a: kept, b: lost };
}

/**
 * @param events what the log has about the file, the latest last.
 * @param before when the conflict was found.
 * @returns who worked on the file on each side last, as far as a lock or an open document tells.
 */
export function personsOf(events: readonly NumberedEvent[], before: string): Partial<Record<Side, string>> {
  const found: Partial<Record<Side, string>> = {};
  for (const event of events) {
    if (event.event !== 'locked' && event.event !== 'opened') continue;
    // The name of a copy has whole seconds only.
    if (Date.parse(event.time) <= Date.parse(before) + 1000) found[event.side] = event.owner;
  }
  return found;
}

const PICTURES = /\.(?:png|jpe?g|gif|webp|avif|bmp|ico|svg)$/i;

/** @returns whether a browser can show the file as a picture. */
export const isPicture = (path: string): boolean => PICTURES.test(path);
