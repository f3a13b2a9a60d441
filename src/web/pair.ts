// The pair as the page's server reaches it: server-a in the same process.
import type { SyncEvent } from '../core/events.js';
import type { Person } from '../core/person.js';
import type { PairState } from '../wire/client-api/methods.js';
import type { Connection } from '../wire/socket/connection.js';

export interface ServedPair {
  /** Names this run of the server in its events. */
  readonly run: string;
  /** @returns the number of the latest event. */
  lastEvent(): number;
  /** @returns how many such events there were since the start. */
  eventCount(event: SyncEvent['event']): number;
  state(): PairState;
  /**
   * @param person whose key has proved his name; null where nobody has to prove a name.
   * @param remote where the request comes from, for the audit log.
   * @throws SyncError `not-allowed` where that key is removed.
   */
  connectClient(person: Person | null, remote: string): Connection;
}
