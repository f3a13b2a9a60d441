// Two roots that are the same directory, or of which one contains the other, can never be equal: each copy would appear
// as a new file of the other side. Roots are compared by their ids, so that links, other names and other machines make
// no difference.
import { SyncError } from '../core/errors.js';

/** The id of a root, and the ids of the roots that contain it. */
interface Placed {
  readonly id: string;
  readonly above: readonly string[];
}

/** @returns the SyncError `usage` where the two cannot be a pair; null where they can. */
export function nestingFault(a: Placed, b: Placed): SyncError | null {
  if (a.id === b.id) return fault('Both sides are the same directory.');
  if (b.above.includes(a.id)) return fault("Server-b's directory lies inside that of server-a.");
  if (a.above.includes(b.id)) return fault("Server-a's directory lies inside that of server-b.");
  return null;
}

const fault = (what: string): SyncError =>
  new SyncError('usage', `${what} They cannot be kept identical.`, {
    hint: 'Name two directories beside each other with --dir.',
  });
