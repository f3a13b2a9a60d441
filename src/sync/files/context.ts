// What those who act on whole files for clients stand on, and what they all ask.
import type { RelPath, Side } from '../../core/path.js';
import type { LocalReplica } from '../../disk/local-replica.js';
import type { Replica } from '../../replica.js';
import type { LockStore } from '../locks/lock-store.js';
import type { Pair } from '../pair/pair.js';
import { heldOnlyInB, isAway } from './refusals.js';
import type { ClientWrites } from './write-queue.js';

/** What acting on files needs of its server. */
export interface FilesContext {
  readonly pair: Pair;
  readonly lockStore: LockStore;
  readonly writes: ClientWrites;
  /** Side a, where clients write. */
  readonly local: Pick<LocalReplica, 'read' | 'receive' | 'publish' | 'open'>;
  /** The replica of a side, null while it is away. */
  readonly replica: (side: Side) => Pick<Replica, 'read' | 'scan'> | null;
}

/** @throws SyncError where `path`, which only side b has, cannot be acted on there. */
export function refuseOnlyInB({ lockStore, replica }: FilesContext, path: RelPath): void {
  const lock = lockStore.table.locks.get(path);
  if (lock !== undefined && lockStore.table.heldOf(path).length > 0) throw heldOnlyInB(path, lock.owner);
  if (replica('b') === null) throw isAway(path);
}
