// Waits for a server that ends by itself because its caller is gone: it may take it a while to notice, and meanwhile the
// caller may be back and ask for another.
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { STATE_DIR } from '../../core/path.js';
import { type NamedOccupant, occupantIn } from './occupant.js';
import { OCCUPANT } from './state-directory.js';

const LOOK_MS = 100;

/**
 * @param root a directory that need not be there.
 * @param ms how long it may take, in milliseconds.
 * @param onWait called once where there is something to wait for.
 * @returns resolves when no such server has the root, or the time is up.
 */
export async function callerlessGone(
  root: string,
  ms: number,
  onWait: (occupant: NamedOccupant) => void = () => {},
): Promise<void> {
  const end = performance.now() + ms;
  for (let isSaid = false; performance.now() < end; isSaid = true) {
    const occupant = occupantIn(path.join(root, STATE_DIR, OCCUPANT));
    if (occupant === null || !occupant.ofCaller || !occupant.isAlive) return;
    if (!isSaid) onWait(occupant);
    await delay(LOOK_MS);
  }
}
