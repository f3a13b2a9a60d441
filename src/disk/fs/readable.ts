// Whether this process may read a directory: its names, and what they stand for. One that it may not read is unknown, and
// nothing about it is carried, not even the permission bits that make it so.
import fs from 'node:fs';
import { modeOf } from './signature.js';

const EVERYBODY_READS = 0o555;

/**
 * @param stats what lstat says of the directory.
 * @returns the system's error where it may not be read, null where it may.
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
