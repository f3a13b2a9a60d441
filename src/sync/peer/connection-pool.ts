// Further connections to the other server, one call at a time on each, so that TCP itself holds back a sender whose
// receiver is slow, and no content is in the way of another or of a look.
import { SyncError } from '../../core/errors.js';
import type { RpcClient } from '../../wire/rpc/caller.js';

/** Idle lanes kept for the next call. */
const MAX_IDLE = 4;

/** The lanes of one remote replica. */
export class ConnectionPool {
  readonly #introduce: () => Promise<RpcClient>;

  readonly #idle: RpcClient[] = [];
  readonly #open = new Set<RpcClient>();
  #over = false;

  /** @param introduce makes a connection and introduces itself on it. */
  constructor(introduce: () => Promise<RpcClient>) {
    this.#introduce = introduce;
  }

  /** Runs one call on a lane of its own; a lane on which something failed is not used again. */
  async run<T>(work: (lane: RpcClient) => Promise<T>): Promise<T> {
    const lane = this.#idle.pop() ?? (await this.#openLane());
    let result: T;
    try {
      result = await work(lane);
    } catch (error) {
      lane.close();
      throw error;
    }
    if (this.#over || this.#idle.length >= MAX_IDLE) lane.close();
    else this.#idle.push(lane);
    return result;
  }

  close(): void {
    this.#over = true;
    for (const lane of this.#open) lane.close();
  }

  async #openLane(): Promise<RpcClient> {
    if (this.#over) throw new SyncError('closed', 'The connection to server-b is over.');
    const lane = await this.#introduce();
    this.#open.add(lane);
    void lane.closed.then(() => {
      this.#open.delete(lane);
      const at = this.#idle.indexOf(lane);
      if (at >= 0) this.#idle.splice(at, 1);
    });
    if (this.#over) lane.close();
    return lane;
  }
}
