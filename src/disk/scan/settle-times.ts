// Settle times: how long a file must be unchanged, or absent, before the scan accepts it. Pure functions; every delay
// that a user can notice when saving, copying or deleting is here.

const MIB = 1024 * 1024;

/** A shorter absence is a save by rename (vim, Word, sed -i), or the first half of a move. */
export const ABSENCE_MS = 25;
/** A file that is written without a pause is read after this time, as it then is. */
export const OVERDUE_MS = 10_000;
/**
 * Where more files than this vanish together, they are judged together, after BURST_MS without another one: `rm -rf` of
 * a root removes its files one by one, and only the end of the root itself shows that no files were meant to be
 * deleted.
 */
const BURST_FILES = 4;
const BURST_MS = 150;
/** The longest pause between two scans of a path that does not settle. */
export const MAX_RETRY_MS = 1000;

/**
 * @param size bytes at present.
 * @param emptied whether an empty file is new or had content before: its writer is probably about to fill it.
 * @returns for how many milliseconds the file must have been unchanged.
 */
function quietMs(size: number, emptied: boolean): number {
  if (size === 0) return emptied ? 50 : 0;
  if (size < MIB) return 0;
  return size < 64 * MIB ? 60 : 200;
}

/** @returns the time from which a file may be read; a file whose ctime is in the future counts as settled. */
export function readableAt(file: { size: number; ctimeMs: number }, emptied: boolean, now: number): number {
  return file.ctimeMs > now ? now : file.ctimeMs + quietMs(file.size, emptied);
}

/** @returns milliseconds to wait after the `tries`-th reading during which the file changed. */
export function retryMs(tries: number): number {
  return Math.min(20 * 2 ** Math.max(tries - 1, 0), MAX_RETRY_MS);
}

/**
 * @param since when the path was first found missing.
 * @param burst how many files are missing at present, and when the last of them was found missing.
 * @returns the time from which the path counts as deleted.
 */
export function goneAt(since: number, burst: { files: number; last: number }): number {
  if (burst.files <= BURST_FILES) return since + ABSENCE_MS;
  return Math.min(Math.max(since + ABSENCE_MS, burst.last + BURST_MS), since + OVERDUE_MS);
}
