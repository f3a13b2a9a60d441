// Server-b takes clients, too, and passes their bytes on to server-a, which opens one more connection for each of them. It
// decides nothing about what they ask, and reads only their first message.
//
//   first message of a connection: hello as server-a                   → the peer protocol, as `serve` has it
//                                  hello as server-a, for client N      → joined with that client, see `relay`
//                                  anything else: a client              → number it, tell server-a, wait for that hello
//   no server-a, too many clients, no hello in time, server-a lost      → an error in words, and the end
import type { InferOutput } from 'valibot';
import { SyncError } from '../../core/errors.js';
import { toFailure } from '../../wire/frame/errors.js';
import { asObject } from '../../wire/frame/json.js';
import type { Message, Request } from '../../wire/frame/json-rpc.js';
import { DEFAULT_LIMITS, PASS_ON_MS } from '../../wire/frame/limits.js';
import { peerParams } from '../../wire/peer-api/params.js';
import type { PassedClient } from '../../wire/peer-api/passed-client.js';
import { checkParams } from '../../wire/rpc/params.js';
import type { Connection, FreshConnection } from '../../wire/socket/connection.js';
import { relay } from '../../wire/socket/relay.js';
import type { ReplicaServer } from './replica-server.js';

/** What is bounded; times in milliseconds. */
interface PassingLimits {
  /** Clients at one time. */
  readonly connections: number;
  /** Connections that have said nothing yet; the oldest is closed for a new one. */
  readonly unauthenticated: number;
  /** How long a connection may say nothing. */
  readonly idleMs: number;
  /** How long server-a may take to open a connection for a client. */
  readonly passOnMs: number;
}

/** A client for which server-a has no connection yet. */
interface Waiting {
  readonly client: FreshConnection;
  readonly first: Message;
  /** Where server-a was told of it. */
  readonly control: Connection;
  readonly late: NodeJS.Timeout;
}

/** Whoever connects to server-b. */
export class PassingOn {
  readonly #server: Pick<ReplicaServer, 'peer' | 'hello'>;
  readonly #serve: (connection: Connection) => void;
  readonly #limits: PassingLimits;
  readonly #silent = new Set<FreshConnection>();
  readonly #clients = new Set<FreshConnection>();
  readonly #waiting = new Map<number, Waiting>();
  #control: Connection | null = null;
  #lastNumber = 0;

  /** @param serve serves a connection on which server-a asks. */
  constructor(
    server: Pick<ReplicaServer, 'peer' | 'hello'>,
    serve: (connection: Connection) => void,
    limits: PassingLimits = { ...DEFAULT_LIMITS, passOnMs: PASS_ON_MS },
  ) {
    this.#server = server;
    this.#serve = serve;
    this.#limits = limits;
  }

  /** Takes a connection, whose first message says who it is. */
  async take(connection: FreshConnection): Promise<void> {
    const first = await this.#firstOf(connection);
    if (first === null) return connection.close();
    if (!isHelloOfServerA(first)) this.#pass(connection, first);
    else if (asObject(first.params)?.client === undefined) this.#serve(connection);
    else await this.#join(connection, first);
  }

  async #firstOf(connection: FreshConnection): Promise<Message | null> {
    const { unauthenticated, idleMs } = this.#limits;
    const [oldest] = this.#silent;
    if (oldest !== undefined && this.#silent.size >= unauthenticated) this.#drop(oldest, roomNeeded());
    this.#silent.add(connection);
    const late = setTimeout(() => this.#drop(connection, silentFor(idleMs)), idleMs).unref();
    const first = await connection.first;
    clearTimeout(late);
    this.#silent.delete(connection);
    return first;
  }

  #drop(connection: FreshConnection, why: SyncError): void {
    this.#silent.delete(connection);
    connection.close(why);
  }

  #pass(client: FreshConnection, first: Message): void {
    try {
      this.#tell(client, first, this.#takingServerA());
    } catch (error) {
      refuse(client, first, error as SyncError);
    }
  }

  /** @returns the control connection of a server-a for one more client. @throws SyncError where there is none. */
  #takingServerA(): Connection {
    const { peer } = this.#server;
    const { connections } = this.#limits;
    if (peer === null) throw notConnected();
    if (!peer.takesClients) throw tooOld();
    if (this.#clients.size >= connections) throw tooMany(connections);
    return peer.control;
  }

  /** Tells server-a of a client, which waits. */
  #tell(client: FreshConnection, first: Message, control: Connection): void {
    const number = ++this.#lastNumber;
    this.#clients.add(client);
    void client.closed.then(() => {
      this.#clients.delete(client);
      this.#stopWaiting(number);
    });
    const late = setTimeout(() => this.#giveUp(number, notTaken(this.#limits.passOnMs)), this.#limits.passOnMs);
    this.#waiting.set(number, { client, first, control, late });
    this.#follow(control);
    const { remote: from, person = null } = client;
    const params: PassedClient = { client: number, from, person: person && { name: person.name, role: person.role } };
    control.send({ method: 'client', params }).catch(() => {});
  }

  /** Whoever waits for a server-a that is lost is told so. */
  #follow(control: Connection): void {
    if (this.#control === control) return;
    this.#control = control;
    void control.closed.then(() => {
      for (const [number, waiting] of [...this.#waiting]) if (waiting.control === control) this.#giveUp(number, lost());
    });
  }

  #giveUp(number: number, why: SyncError): void {
    const waiting = this.#stopWaiting(number);
    if (waiting !== null) refuse(waiting.client, waiting.first, why);
  }

  #stopWaiting(number: number): Waiting | null {
    const waiting = this.#waiting.get(number) ?? null;
    this.#waiting.delete(number);
    clearTimeout(waiting?.late);
    return waiting;
  }

  /** Takes the connection that server-a has opened for a client. */
  async #join(connection: FreshConnection, hello: Request): Promise<void> {
    let waiting: Waiting | null;
    try {
      const params = checkParams(peerParams.hello, hello.params) as InferOutput<typeof peerParams.hello>;
      const result = this.#server.hello({ ...params, lane: true }, connection);
      waiting = this.#stopWaiting(params.client ?? 0);
      if (waiting === null) throw clientGone();
      void connection.send({ id: hello.id, result });
    } catch (error) {
      return refuse(connection, hello, error as SyncError);
    }
    const { client, first } = waiting;
    const server = await connection.detach();
    if (server === null) return refuse(client, first, lost());
    const own = await client.detach();
    // The hello is answered already.
    if (own === null) connection.close();
    else relay(own, { ...server, rest: Buffer.alloc(0) }, lost());
  }
}

function isHelloOfServerA(first: Message): first is Request {
  return 'method' in first && 'id' in first && first.method === 'hello' && asObject(first.params)?.role === 'peer';
}

/** Answers the first message of a connection, and ends it. */
function refuse(connection: Connection, first: Message, error: SyncError): void {
  const id = 'method' in first && 'id' in first ? first.id : null;
  void connection.send({ id, error: toFailure(error) });
  connection.close(error);
}

const roomNeeded = (): SyncError => new SyncError('busy', 'It said nothing, and others want to connect.');

const silentFor = (ms: number): SyncError => new SyncError('timeout', `It sent nothing for ${ms / 1000} s.`);

const clientGone = (): SyncError => new SyncError('closed', 'The client that server-a was told of is gone.');

/** The command line shows the advice of these errors as it stands. */
const AT_B = { at: 'server-b' } as const;

const notConnected = (): SyncError =>
  new SyncError('unreachable', 'Server-a is not connected to this server-b, which passes on to it what clients ask.', {
    hint: 'Start server-a, with the address of this server-b as its --peer, or wait until it has connected again.',
    facts: AT_B,
  });

const tooOld = (): SyncError =>
  new SyncError(
    'unreachable',
    'The server-a of this server-b is of an earlier version, which takes no clients from it.',
    {
      hint: 'Install the same version of Lockstep on both sides, or give the address of server-a.',
      facts: AT_B,
    },
  );

const notTaken = (ms: number): SyncError =>
  new SyncError('unreachable', `Server-a did not take what server-b passes on to it within ${ms / 1000} s.`, {
    hint: 'Try again. If that does not help, start server-a again.',
    facts: AT_B,
  });

const tooMany = (most: number): SyncError =>
  new SyncError('busy', `This server-b has ${most} clients, the maximum.`, {
    hint: 'Try again when others have ended, or give the address of server-a.',
  });

const lost = (): SyncError =>
  new SyncError('closed', 'Server-b has lost the connection to server-a, to which it passes on what clients ask.', {
    hint: 'Try again when server-a is back: it connects by itself.',
  });
