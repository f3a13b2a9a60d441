// Further connections to the other server, each with one call at a time, so that TCP itself slows down a sender whose
// receiver is slow, and contents do not delay each other or a scan.
import { SyncError } from '../../core/errors.js';
import type { RpcClient } from '../../wire/rpc/caller.js';

/** The most idle connections that are kept for later calls. */
const MAX_IDLE = 4;

/** The content connections of one remote replica. */
export class ConnectionPool {
  readonly #introduce: () => Promise<RpcClient>;

  readonly #idle: RpcClient[] = [];
  readonly #open = new Set<RpcClient>();
  #over = false;

  /** @param introduce opens a connection and says hello on it. */
  constructor(introduce: () => Promise<RpcClient>) {
    this.#introduce = introduce;
  }

  /**
   * Runs one call on a connection of its own. A connection on which a call failed is closed.
   * @throws SyncError `closed` after `close`; whatever `work` throws.
   */
  async run<T>(work: (connection: RpcClient) => Promise<T>): Promise<T> {
    const connection = this.#idle.pop() ?? (await this.#openConnection());
    let result: T;
    try {
      result = await work(connection);
    } catch (error) {
      connection.close();
      throw error;
    }
    if (this.#over || this.#idle.length >= MAX_IDLE) connection.close();
    else this.#idle.push(connection);
    return result;
  }

  close(): void {
    this.#over = true;
    for (const connection of this.#open) connection.close();
  }

  async #openConnection(): Promise<RpcClient> {
    if (this.#over) throw new SyncError('closed', 'The connection to server-b is over.');
    const connection = await this.#introduce();
    this.#open.add(connection);
    void connection.closed.then(() => {
      this.#open.delete(connection);
      const at = this.#idle.indexOf(connection);
      if (at >= 0) this.#idle.splice(at, 1);
    });
    if (this.#over) connection.close();
    return connection;
  }
}
