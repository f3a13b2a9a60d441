// What a session is built from.
import type { RootDescription } from '../../core/partner.js';
import type { Logger } from '../../log.js';
import type { Replica } from '../../replica.js';
import type { Clock } from '../clock.js';
import type { HeldContents } from '../held/held-updates.js';
import type { AutoLockOptions } from '../locks/auto-locks.js';
import type { LockState } from '../locks/lock-state.js';
import type { Pair } from '../pair/pair.js';
import type { GateOptions } from './gate.js';

/** The parts and the surroundings of a session. */
export interface SessionOptions {
  readonly pair: Pair;
  /** What side a tells side b about its root. */
  readonly own: RootDescription;
  readonly local: Replica;
  readonly lockState: LockState;
  readonly heldFiles: HeldContents;
  readonly log: Logger;
  readonly clock: Clock;
  /**
   * Ends the halt for lost locks. @throws SyncError where that cannot be stored.
   */
  readonly acceptLostLocks?: () => Promise<void>;
  /** Asks a person before anything is transferred; absent where nobody is to be asked. */
  readonly gate?: GateOptions | undefined;
  /** How locks are taken that nobody asks for. */
  readonly autoLock?: AutoLockOptions | undefined;
  /** Called once side b is known to be the right partner: from then on its files may be written. */
  readonly paired?: (replica: Replica) => void;
}
