// The pair in whose directory a program was started. Only what this user or root has written is believed, and only an
// address of this machine: a directory that came from elsewhere must not send a client to a foreign server.
import os from 'node:os';
import { type FoundPair, findAddress } from '../disk/state/address.js';
import { isLoopback, parseAddress } from '../wire/socket/address.js';

/**
 * @param from absolute path of a directory.
 * @param uid the user who asks; undefined where the system has no such ids.
 * @returns the pair of the nearest root at or above it; null where there is none, or it is not to be believed.
 */
export function nearbyPair(from: string, uid = process.getuid?.()): FoundPair | null {
  const found = findAddress(from);
  const isOwn = uid === undefined || found?.uid === uid || found?.uid === 0;
  return found !== null && isOwn && isOfThisMachine(found.address) ? found : null;
}

function isOfThisMachine(address: string): boolean {
  try {
    const { host } = parseAddress(address);
    const own = Object.values(os.networkInterfaces()).flatMap((addresses) => addresses ?? []);
    return isLoopback(host) || own.some((one) => one.address === host);
  } catch {
    return false; // no address at all
  }
}
