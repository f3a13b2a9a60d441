// Gives a file its modification time to the microsecond. The system's call takes seconds as a double, and what becomes of
// it differs: Node 20 and 22 cut off what is below a microsecond, Node 24 keeps it, file systems keep less. So the disk
// is asked what it made of it, and nearby doubles are tried until it says the wanted microsecond.
import fs from 'node:fs';
import { secondsOf } from '../../core/entry.js';
import { microseconds } from './signature.js';

const MAX_TRIES = 7;
/** No rounding moves a time farther than this; a file system with a coarser clock (FAT has two seconds) does. */
const MAX_ROUNDING = 4;

/** What has a modification time, and is held so that it cannot be swapped. */
export interface Timed {
  /** Seconds since 1970. */
  setSeconds(seconds: number): void;
  /** What the system says of it now. */
  now(): fs.Stats;
}

/**
 * @param file an open file, or what is held otherwise.
 * @param mtime microseconds since 1970; what is before becomes 1970.
 * @returns what the disk says of the file now. Where it cannot hold the microsecond, its time is near it.
 */
export function setTime(file: number | Timed, mtime: number): fs.Stats {
  const wanted = Math.max(mtime, 0);
  let seconds = secondsOf(mtime);
  const step = Math.max(0.25e-6, 2 ** (Math.floor(Math.log2(seconds)) - 52));
  for (let n = 1; ; n++) {
    const stats = setSeconds(file, seconds);
    const off = microseconds(stats.mtimeMs) - wanted;
    if (off === 0 || Math.abs(off) > MAX_ROUNDING || n === MAX_TRIES) return stats;
    seconds = Math.max(0, seconds - Math.sign(off) * step);
  }
}

function setSeconds(file: number | Timed, seconds: number): fs.Stats {
  if (typeof file === 'number') {
    fs.futimesSync(file, seconds, seconds);
    return fs.fstatSync(file);
  }
  file.setSeconds(seconds);
  return file.now();
}
