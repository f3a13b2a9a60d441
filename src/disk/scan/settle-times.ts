// How long a change must have been quiet before it is believed. A pure table: every duration that a user can feel when
// saving, copying or deleting is here.

const MIB = 1024 * 1024;

/** Absence that is shorter is a save by rename (vim, Word, sed -i), or the first half of a move. */
export const ABSENCE_MS = 25;
/** A file written without a pause is published after this, as it then stands. */
export const OVERDUE_MS = 10_000;
/**
 * Where more files than this vanish together, they are judged together, once no more follow for a while: `rm -rf` of a
 * whole root takes its files one by one, and only what comes after them shows that it was no deletion of files.
 */
const BURST_FILES = 4;
const BURST_MS = 150;
/** A path that goes on moving is looked at again this often at least. */
export const MAX_RETRY_MS = 1000;

/**
 * @param size bytes at present.
 * @param emptied whether an empty file is new, or had content before: its writer most likely is about to fill it.
 * @returns milliseconds without a change that a file must have had.
 */
export function quietMs(size: number, emptied: boolean): number {
  if (size === 0) return emptied ? 50 : 0;
  if (size < MIB) return 0;
  return size < 64 * MIB ? 60 : 200;
}

/** @returns the moment from which a file may be read; one whose ctime lies in the future counts as quiet. */
export function readableAt(file: { size: number; ctimeMs: number }, emptied: boolean, now: number): number {
  return file.ctimeMs > now ? now : file.ctimeMs + quietMs(file.size, emptied);
}

/** @returns milliseconds to wait after the `tries`-th reading that found the file in motion. */
export function retryMs(tries: number): number {
  return Math.min(20 * 2 ** Math.max(tries - 1, 0), MAX_RETRY_MS);
}

/**
 * @param since when the path was first found missing.
 * @param burst how many files are missing by now, and when the last of them was found so.
 * @returns the moment from which the path counts as deleted.
 */
export function goneAt(since: number, burst: { files: number; last: number }): number {
  if (burst.files <= BURST_FILES) return since + ABSENCE_MS;
  return Math.min(Math.max(since + ABSENCE_MS, burst.last + BURST_MS), since + OVERDUE_MS);
}
