// Sets the modification time of a file to the microsecond. Node's call takes seconds as a double and rounds
// differently: Node 20 and 22 truncate below the microsecond, Node 24 does not, and file systems have their own
// resolution. So the time is read back, and nearby doubles are tried until it is the wanted microsecond.
import fs from 'node:fs';
import { secondsOf } from '../../core/entry.js';
import { microseconds } from './signature.js';

const MAX_TRIES = 7;
/** Microseconds. No rounding of a double exceeds this; a larger error is a coarse file system (FAT: two seconds). */
const MAX_ROUNDING = 4;

/** Something open whose modification time can be set. */
export interface Timed {
  /** Seconds since 1970. */
  setSeconds(seconds: number): void;
  /** @returns its present stats. */
  now(): fs.Stats;
}

/**
 * @param file a descriptor, or something open.
 * @param mtime microseconds since 1970; a negative time becomes 0.
 * @returns the present stats. Where the disk cannot hold the microsecond, the time is near it.
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
