// What both servers offer to the program that starts them.
import type { SyncEvent } from '../core/events.js';
import type { Person } from '../core/person.js';
import type { SideNames } from '../core/side-name.js';
import type { PairState, Transfers } from '../wire/client-api/methods.js';
import type { Connection } from '../wire/socket/connection.js';
import type { Page } from './clients/page.js';

/** A server that runs. */
export interface RunningServer {
  readonly host: string;
  readonly port: number;
  /** Stops accepting connections, ends the running work cleanly and releases the root. */
  stop(): Promise<void>;
  /** How far the work has come; only server-a knows it. */
  progress?(): Pick<Transfers, 'done' | 'left' | 'percent'>;
  /** Where clients on this machine reach server-a; absent for server-b. */
  readonly clients?: { readonly host: string; readonly port: number };
  /** How many held updates and problems keep both sides from being equal; only server-a knows it. */
  exceptions?(): { readonly held: number; readonly problems: number };
  /** @returns what texts for people call the sides. */
  names(): SideNames;
  /** Resolves only if the server fails by itself. */
  readonly failed: Promise<Error>;
}

/** What server-a offers besides. */
export interface RunningServerA extends RunningServer {
  /** Names this run of the server in its events. */
  readonly run: string;
  /** @returns the number of the latest event. */
  lastEvent(): number;
  /** @returns how many such events there were since the start. */
  eventCount(event: SyncEvent['event']): number;
  state(): PairState;
  /**
   * Connects a client in this process.
   * @param person whose key has proved his name to the caller; null where nobody has to prove a name.
   * @param remote where the client is, for the audit log.
   * @throws SyncError `not-allowed` where that key is removed.
   */
  connectClient(person: Person | null, remote: string): Connection;
  /** From now on the method `web` answers with addresses of this page. */
  servePage(page: Page): void;
}
