// The clients that server-b passes on to this server-a. Server-b says who they are and where they come from: it has proved
// itself, and its word is as good as that of this server. Each is answered on a connection of its own, opened from here.
import { SyncError } from '../../core/errors.js';
import type { Person } from '../../core/person.js';
import { PROTOCOL_VERSION } from '../../wire/client-api/methods.js';
import { fromFailure } from '../../wire/frame/errors.js';
import type { Frame, Message } from '../../wire/frame/json-rpc.js';
import { CLIENT_LIMITS, PASS_ON_MS } from '../../wire/frame/limits.js';
import { bad } from '../../wire/peer-api/list.js';
import { type PassedClient, passedClientOf } from '../../wire/peer-api/passed-client.js';
import type { Connection } from '../../wire/socket/connection.js';
import type { PeerLink } from './transport.js';

/** How clients are taken. */
interface TakingOptions {
  readonly link: Pick<PeerLink, 'dial'>;
  /** The id of the root of side a. */
  readonly root: string;
  /** Answers a client until its connection ends. */
  readonly serve: (connection: Connection) => void;
  /** The most at one time. */
  readonly most?: number;
}

/** The clients of one connected server-b. */
export class PassedClients {
  readonly #options: TakingOptions;
  readonly #over = new AbortController();
  readonly #open = new Set<Connection>();
  #count = 0;

  constructor(options: TakingOptions) {
    this.#options = options;
  }

  /**
   * Opens a connection for a client, and has it served. Where that fails, server-b tells the client.
   * @param params of a notification `client`.
   * @throws SyncError `bad-message`.
   */
  take(params: unknown): void {
    const client = passedClientOf(params);
    const { most = CLIENT_LIMITS.connections } = this.#options;
    if (this.#count >= most || this.#over.signal.aborted) return;
    this.#count++;
    void this.#carry(client)
      .catch(() => {})
      .finally(() => this.#count--);
  }

  /** Ends all connections. */
  close(): void {
    this.#over.abort();
    for (const connection of this.#open) connection.close();
  }

  async #carry(client: PassedClient): Promise<void> {
    const { link, serve } = this.#options;
    const { signal } = this.#over;
    const connection = await link.dial({ limits: CLIENT_LIMITS, signal, halfOpen: true });
    this.#open.add(connection);
    if (signal.aborted) connection.close();
    try {
      await this.#hello(connection, client.client);
      serve(new PassedConnection(connection, client));
    } catch (error) {
      connection.close(error as Error);
    }
    await connection.closed;
    this.#open.delete(connection);
  }

  async #hello(connection: Connection, client: number): Promise<void> {
    const late = setTimeout(() => connection.close(), PASS_ON_MS);
    const { root } = this.#options;
    const params = { protocol: PROTOCOL_VERSION, role: 'peer', root, lane: true, client };
    connection.send({ id: 1, method: 'hello', params }).catch(() => {});
    const answer = await connection.frames[Symbol.asyncIterator]().next();
    clearTimeout(late);
    if (answer.done === true) throw new SyncError('closed', 'Server-b has ended the connection for a client.');
    const { message } = answer.value as Frame;
    if ('error' in message) throw fromFailure(message.error);
    if (!('result' in message)) throw bad('a client is passed on before hello is answered');
  }
}

/** A connection for a client of server-b: what server-b has told of it, in place of what is known of server-b. */
class PassedConnection implements Connection {
  readonly side = 'b';
  readonly remote: string;
  readonly person: Person | null;
  readonly frames: AsyncIterable<Frame>;
  readonly closed: Promise<Error | null>;
  readonly #connection: Connection;

  constructor(connection: Connection, { from, person }: PassedClient) {
    this.#connection = connection;
    this.remote = from;
    this.person = person;
    this.frames = connection.frames;
    this.closed = connection.closed;
  }

  send(message: Message, payload?: Buffer, sent?: () => void): Promise<void> {
    return this.#connection.send(message, payload, sent);
  }

  room(): Promise<void> | null {
    return this.#connection.room?.() ?? null;
  }

  close(reason?: Error): void {
    this.#connection.close(reason);
  }
}
