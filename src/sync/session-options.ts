// What a session works with; everything that is not the same in a test or a simulation is passed in here.
import type { RootDescription } from '../core/partner.js';
import type { Logger } from '../log.js';
import type { Replica } from '../replica.js';
import type { Clock } from './clock.js';
import type { HeldContents } from './held/held-updates.js';
import type { LockBook } from './locks/lock-store.js';
import type { Pair } from './pair/pair.js';

/** What a session works with. */
export interface SessionOptions {
  readonly pair: Pair;
  /** How side a is known to side b. */
  readonly own: RootDescription;
  readonly local: Replica;
  readonly book: LockBook;
  readonly heldFiles: HeldContents;
  readonly log: Logger;
  readonly clock: Clock;
  /** A person has looked at which locks may be lost. @throws SyncError where that cannot be noted. */
  readonly acceptLostLocks?: () => Promise<void>;
  /** Called once side b is found to be the one that is meant: from then on its files may be touched. */
  readonly paired?: (replica: Replica) => void;
}
