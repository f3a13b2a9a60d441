// The rows of a long listing as arrays, for programs: a third of the bytes, without the fields that are equal for
// almost every file. `[path, size, mtime, mode]`, followed by an object with the other fields where they differ.
import { isoTime } from '../../core/iso-time.js';
import type { ListEntry } from './methods.js';

type Rest = Partial<Pick<ListEntry, 'type' | 'on' | 'lock' | 'held' | 'syncing'>>;

/**
 * Path, bytes, milliseconds since 1970, permission bits; then the fields that differ from those of an unlocked file on
 * both sides.
 */
type CompactRow =
  | readonly [path: string, size: number, mtimeMs: number, mode: number]
  | readonly [path: string, size: number, mtimeMs: number, mode: number, rest: Rest];

/** A row in memory: its time is a number. */
export type Row = Omit<ListEntry, 'index' | 'mtime'> & { readonly mtimeMs: number };

/** @returns the row as an array. */
export function packRow({ path, size, mtimeMs, mode, type, on, lock, held, syncing }: Row): CompactRow {
  if (type === 'file' && on === 'both' && lock === null && held === 0 && syncing === undefined) {
    return [path, size, mtimeMs, mode];
  }
  const rest: Rest = {
    ...(type === 'file' ? {} : { type }),
    ...(on === 'both' ? {} : { on }),
    ...(lock === null ? {} : { lock }),
    ...(held === 0 ? {} : { held }),
    ...(syncing === undefined ? {} : { syncing }),
  };
  return [path, size, mtimeMs, mode, rest];
}

/** @returns the row as an object; a server that does not know arrays has sent it as one. */
export function unpackRow(row: CompactRow | ListEntry, index: number): ListEntry {
  if (!isCompact(row)) return row;
  const [path, size, mtimeMs, mode, rest] = row;
  const mtime = isoTime(mtimeMs);
  if (rest === undefined) return { index, path, type: 'file', size, mtime, mode, on: 'both', lock: null, held: 0 };
  const { type = 'file', on = 'both', lock = null, held = 0, syncing } = rest;
  const entry = { index, path, type, size, mtime, mode, on, lock, held };
  return syncing === undefined ? entry : { ...entry, syncing };
}

const isCompact = (row: CompactRow | ListEntry): row is CompactRow => Array.isArray(row);
