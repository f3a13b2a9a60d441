// One request to the page's server, as its routes see it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RpcClient } from '../wire/rpc/caller.js';
import type { PageSession } from './sessions.js';

/** A request that has passed the gate. */
export interface Visit {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** As it was sent, without what follows the question mark. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** A request of somebody who is signed in. */
export interface SignedIn extends Visit {
  readonly session: PageSession;
  /**
   * Connects to the pair as this person, for this request: the connection ends with it.
   * @throws SyncError `not-allowed` where his key was removed.
   */
  connect(): RpcClient;
}
