// Where a remembered pair answers clients, for `--pair NAME`.
import type { FoundPair } from '../../disk/state/address.js';
import type { Env } from '../context.js';
import { nearbyPair } from '../nearby-pair.js';
import { usageError } from '../report-error.js';
import { pairNamed } from './config.js';

/**
 * @returns the address of the server-a of a remembered pair that runs.
 * @throws SyncError `usage` where there is no such pair, or it does not run.
 */
export function addressOfPair(env: Env, name: string): FoundPair {
  const found = nearbyPair(pairNamed(env, name).dir);
  if (found === null) throw usageError(`The pair ${name} does not run.`, `Start it with: lockstep up ${name}`);
  return found;
}
