// Makes the directory that a server is to synchronise, where it is asked to.
import fs from 'node:fs';
import { quote } from '../../core/path.js';
import { systemTrouble } from '../../core/system-error.js';
import { usageError } from '../report-error.js';

/**
 * Makes `dir` and what is missing above it; one that is there stays as it is.
 * @throws SyncError `usage` where it cannot be made.
 */
export function makeDirectory(dir: string): void {
  try {
    fs.mkdirSync(dir, { recursive: true });
  } catch (error) {
    throw usageError(`The directory ${quote(dir)} cannot be made: ${systemTrouble(error).why}.`);
  }
}
