// Tells whether an owner file is one that nobody keeps any more: the program that made it was killed, or the machine was
// started anew.

import type { Machine } from './machine.js';
import type { FoundOwnerFile } from './read.js';

/** Clocks are compared with this tolerance, in milliseconds. */
const SLACK_MS = 2_000;

/**
 * @param witnesses the processes of the program when the document was opened; none where that is not known.
 * @returns why the owner file is stale; null where it is not, as far as can be known.
 */
export function staleBecause(
  { owner, madeMs }: FoundOwnerFile,
  machine: Machine,
  witnesses: readonly number[],
): string | null {
  if (madeMs < machine.bootMs() - SLACK_MS) return 'it is older than the last start of this machine';
  if (owner.host !== null && owner.host !== machine.host) return null;
  if (owner.host !== null && owner.pid !== null && !machine.isAlive(owner.pid, madeMs))
    return `its process ${owner.pid} has ended`;
  const haveEnded = witnesses.length > 0 && witnesses.every((pid) => !machine.isAlive(pid, madeMs));
  return haveEnded ? 'the program has ended' : null;
}
