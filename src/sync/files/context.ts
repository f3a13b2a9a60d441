// What the modules that act on whole files for clients need, and the check that they share.
import type { RelPath, Side } from '../../core/path.js';
import type { LocalReplica } from '../../disk/local-replica.js';
import type { Replica } from '../../replica.js';
import type { LockState } from '../locks/lock-state.js';
import type { Pair } from '../pair/pair.js';
import { heldOnlyInB, isAway } from './refusals.js';
import type { ClientWrites } from './write-queue.js';

export interface FilesContext {
  readonly pair: Pair;
  readonly lockState: LockState;
  readonly writes: ClientWrites;
  /** Side a, where client writes take place. */
  readonly local: Pick<LocalReplica, 'read' | 'receive' | 'publish' | 'open'>;
  /** The replica of a side; null while it is disconnected. */
  readonly replica: (side: Side) => Pick<Replica, 'read' | 'scan'> | null;
}

/**
 * @throws SyncError `failed` where `path`, which only side b has, is held there by a lock or side b is disconnected.
 */
export function refuseOnlyInB({ lockState, replica }: FilesContext, path: RelPath): void {
  const lock = lockState.table.locks.get(path);
  if (lock !== undefined && lockState.table.heldOf(path).length > 0) throw heldOnlyInB(path, lock.owner);
  if (replica('b') === null) throw isAway(path);
}
