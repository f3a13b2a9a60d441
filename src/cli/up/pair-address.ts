// Where a remembered pair answers clients, for `--pair NAME`, and which pair a directory belongs to.
import path from 'node:path';
import type { FoundPair } from '../../disk/state/address.js';
import type { Env } from '../context.js';
import { nearbyPair } from '../nearby-pair.js';
import { usageError } from '../report-error.js';
import { pairNamed, readPairs } from './config.js';

/**
 * @returns the address of the server-a of a remembered pair that runs.
 * @throws SyncError `usage` where there is no such pair, or it does not run.
 */
export function addressOfPair(env: Env, name: string): FoundPair {
  const found = nearbyPair(pairNamed(env, name).dir);
  if (found === null) throw usageError(`The pair ${name} does not run.`, `Start it with: lockstep up ${name}`);
  return found;
}

/** @returns the name of the remembered pair of which `from` is a directory, or is below one; null where there is none. */
export function pairOf(env: Env, from: string): string | null {
  const isBelow = (dir: string) => path.isAbsolute(dir) && !path.relative(dir, from).startsWith('..');
  try {
    for (const [name, { dir, other }] of readPairs(env)) if (isBelow(dir) || isBelow(other)) return name;
  } catch {
    return null; // whoever reads the file for its own sake reports that
  }
  return null;
}
