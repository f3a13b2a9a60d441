// Whether this process may read a directory: list its names and stat them. An unreadable directory is unknown, and
// nothing about it is synchronised, not even its permission bits.
import fs from 'node:fs';
import { modeOf } from './signature.js';

const EVERYBODY_READS = 0o555;

/**
 * @param stats what lstat says of the directory.
 * @returns the system's error where it cannot be read; null where it can.
 */
export function readingError(absolute: string, stats: fs.Stats): NodeJS.ErrnoException | null {
  if ((modeOf(stats) & EVERYBODY_READS) === EVERYBODY_READS) return null;
  try {
    fs.lstatSync(`${absolute}/.`);
    fs.opendirSync(absolute).closeSync();
    return null;
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}
