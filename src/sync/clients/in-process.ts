// Clients in the process of server-a, such as its page: they go through the same door, and leave the same lines in the
// audit log, as those that come over a socket.
import { duplexPair } from 'node:stream';
import { SyncError } from '../../core/errors.js';
import type { Person } from '../../core/person.js';
import { CLIENT_LIMITS, DIAL_LIMITS } from '../../wire/frame/limits.js';
import { type Connection, connectionOver } from '../../wire/socket/connection.js';
import { type KeyDirectory, KeyWatch } from '../../wire/socket/keys.js';
import type { Secret } from '../../wire/socket/secret.js';

export class InProcessClients {
  readonly #serve: (connection: Connection) => void;
  readonly #keys: KeyDirectory | null;
  readonly #watch: KeyWatch | null;
  readonly #open = new Set<Connection>();

  /**
   * @param serve answers a connection.
   * @param keys of the people who may connect; null where nobody has to prove a name.
   */
  constructor(serve: (connection: Connection) => void, keys: KeyDirectory | null) {
    this.#serve = serve;
    this.#keys = keys;
    this.#watch = keys === null ? null : new KeyWatch(keys);
  }

  /**
   * @param person whose key has proved his name before; its present role counts.
   * @param remote where the client is, for the audit log.
   * @returns the client's end of a new connection.
   * @throws SyncError `not-allowed` where that key is removed.
   */
  connect(person: Person | null, remote: string): Connection {
    const key = person === null ? null : this.#keyOf(person);
    const [near, far] = duplexPair();
    const served = connectionOver(far, CLIENT_LIMITS, undefined, key?.person ?? null, remote);
    this.#open.add(served);
    void served.closed.then(() => this.#open.delete(served));
    if (key !== null) this.#watch?.add(served, key);
    this.#serve(served);
    return connectionOver(near, DIAL_LIMITS, undefined, null, 'server-a');
  }

  /** Closes all connections. */
  close(): void {
    for (const connection of this.#open) connection.close();
  }

  #keyOf({ name }: Person): Secret {
    const key = this.#keys?.find(name) ?? null;
    if (key?.person == null) throw removed(name);
    return key;
  }
}

const removed = (name: string): SyncError =>
  new SyncError('not-allowed', `The key of ${name} was removed.`, {
    hint: 'Ask who keeps the keys of the server for a new one.',
  });
