// Listening and dialling. Sockets are made here and nowhere else; what comes out are connections.
import net from 'node:net';
import { SyncError } from '../../core/errors.js';
import { toFailure } from '../frame/errors.js';
import { DEFAULT_LIMITS, DIAL_LIMITS, type WireLimits } from '../frame/limits.js';
import { addressText } from './address.js';
import { type Connection, connectionOver } from './connection.js';
import { checkListener, refusalOf } from './local-users.js';
import type { Secret } from './secret.js';
import { wordsFor } from './socket-errors.js';
import { handshakeFault, SecureDoor, secureSocket } from './tls.js';

export { isLoopback, parseAddress } from './address.js';

const DIAL_MS = 10_000;

/** A server's ear: where it listens, and the way to stop. */
export interface Listener {
  readonly host: string;
  readonly port: number;
  /** Takes nothing new, closes every connection, and resolves when all are gone. */
  close(): Promise<void>;
}

interface ListenOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly limits?: Partial<WireLimits>;
  /** Where there is one, only who proves it gets any further. */
  readonly secret?: Secret | undefined;
  /** Whether, without a secret, other users of this machine may connect too. */
  readonly allowLocal?: boolean | undefined;
  /** Told of each user of this machine that is refused, once. */
  readonly onRefused?: (error: SyncError) => void;
  readonly onConnection: (connection: Connection) => void;
}

/**
 * Listens; over the limit of connections a further one is told `busy` and closed.
 * @throws SyncError `usage` where it cannot listen there, saying why and what to do.
 */
export function listen(options: ListenOptions): Promise<Listener> {
  const { host, port, secret, allowLocal } = options;
  const connections: Connections = { served: new Set(), rejected: new Set(), asked: new Set(), refused: new Set() };
  const door = secret === undefined ? null : doorWith(secret, connections, options);
  // Half open: `printf … | nc` has said its last while its answer is still to come.
  const asksWho = door === null && allowLocal !== true;
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: asksWho }, (socket) => {
    if (asksWho) void askWho(socket, connections, options);
    else if (door === null) accept(socket, connections, options);
    else door.accept(socket);
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(host, port, error)));
    server.listen({ host, port }, () => {
      // From here on an error is one of accepting (too many open files): the next connection is a new chance.
      server.removeAllListeners('error').on('error', () => {});
      const taken = (server.address() as net.AddressInfo).port;
      resolve({ host, port: taken, close: () => closeAll(server, door, connections) });
    });
  });
}

/** The connections of a listener: those that are served, and those that are just being told why they are not. */
interface Connections {
  readonly served: Set<Connection>;
  readonly rejected: Set<Connection>;
  /** Whose user is being found out. */
  readonly asked: Set<net.Socket>;
  /** What has been said of users that were refused. */
  readonly refused: Set<string>;
}

function doorWith(secret: Secret, connections: Connections, options: ListenOptions): SecureDoor {
  return new SecureDoor(
    secret,
    { ...DEFAULT_LIMITS, ...options.limits },
    {
      onProved: (socket, introduced) => accept(socket, connections, options, introduced),
      onPlain: (socket) => reject(socket, connections, options, secretWanted()),
    },
  );
}

/** @param socket paused: nothing that comes is read before it is known who sends it. */
async function askWho(socket: net.Socket, connections: Connections, options: ListenOptions): Promise<void> {
  const { limits = {}, onRefused } = options;
  if (connections.asked.size >= (limits.connections ?? DEFAULT_LIMITS.connections)) return void socket.destroy();
  connections.asked.add(socket);
  const ignore = () => {};
  socket.on('error', ignore);
  const refusal = await refusalOf(socket);
  connections.asked.delete(socket);
  if (socket.destroyed) return;
  socket.removeListener('error', ignore);
  if (refusal === null) accept(socket, connections, options);
  else {
    if (!connections.refused.has(refusal.message)) onRefused?.(refusal);
    connections.refused.add(refusal.message);
    reject(socket, connections, options, refusal);
  }
  socket.resume();
}

function accept(socket: net.Socket, connections: Connections, options: ListenOptions, introduced = () => {}): void {
  const { limits = {}, onConnection } = options;
  const most = limits.connections ?? DEFAULT_LIMITS.connections;
  if (connections.served.size < most) onConnection(admit(socket, connections.served, limits, introduced));
  else reject(socket, connections, options, tooMany(most));
}

function admit(
  socket: net.Socket,
  connections: Set<Connection>,
  limits: Partial<WireLimits>,
  introduced?: () => void,
): Connection {
  const connection = connectionOver(socket, limits, introduced);
  connections.add(connection);
  void connection.closed.then(() => connections.delete(connection));
  return connection;
}

function reject(socket: net.Socket, { rejected }: Connections, { limits = {} }: ListenOptions, error: SyncError): void {
  // So many at once that there is no time for words.
  if (rejected.size >= (limits.connections ?? DEFAULT_LIMITS.connections)) return void socket.destroy();
  const connection = admit(socket, rejected, limits);
  void connection.send({ id: null, error: toFailure(error) });
  connection.close(error);
}

const tooMany = (most: number): SyncError =>
  new SyncError('busy', `The server has ${most} connections, as many as it takes.`, {
    hint: 'Try again when others have gone.',
  });

const secretWanted = (): SyncError =>
  new SyncError('not-allowed', 'This server answers only who has its secret.', {
    hint: 'Give a copy of its secret file with --secret-file.',
  });

async function closeAll(server: net.Server, door: SecureDoor | null, connections: Connections): Promise<void> {
  const { served, rejected, asked } = connections;
  const stopped = new Promise((resolve) => server.close(resolve));
  door?.close();
  for (const socket of asked) socket.destroy();
  for (const connection of [...served, ...rejected]) connection.close();
  await stopped;
}

interface DialOptions {
  readonly host: string;
  readonly port: number;
  /** How long connecting may take, in milliseconds. */
  readonly timeoutMs?: number;
  readonly limits?: Partial<WireLimits>;
  readonly signal?: AbortSignal;
  /** What both ends prove to have before anything else is said. */
  readonly secret?: Secret | undefined;
  /** Whether, without a secret, the server may be another local user's. */
  readonly allowLocal?: boolean | undefined;
}

/**
 * Connects to a server.
 * @throws SyncError `unreachable` where nobody answers, `not-allowed` where the other end has another secret or none,
 *   or is another local user's; `interrupted` where `signal` is aborted first.
 */
export function dial(options: DialOptions): Promise<Connection> {
  const { host, port, timeoutMs = DIAL_MS, limits, signal, secret, allowLocal = false } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(interrupted(host, port));
    const until = performance.now() + timeoutMs;
    const socket = secret === undefined ? net.connect({ host, port }) : secureSocket(host, port, secret);
    const timer = setTimeout(() => socket.destroy(new Error(`no answer came within ${timeoutMs / 1000} s`)), timeoutMs);
    const onAbort = () => socket.destroy(interrupted(host, port));
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    signal?.addEventListener('abort', onAbort);
    const onError = (error: Error) => {
      settle();
      const fault = secret === undefined ? null : handshakeFault(place(host, port), error);
      reject(error instanceof SyncError ? error : (fault ?? cannotReach(host, port, error)));
    };
    socket.once('error', onError);
    const connected = () => {
      settle();
      if (socket.destroyed) return reject(cannotReach(host, port, new Error('it hung up at once')));
      socket.removeListener('error', onError);
      resolve(connectionOver(socket, { ...DIAL_LIMITS, ...limits }));
    };
    if (secret !== undefined) socket.once('secureConnect', connected);
    else if (allowLocal) socket.once('connect', connected);
    else {
      const check = () => checkListener(socket, place(host, port), until - performance.now());
      socket.once('connect', () => void check().then(connected, (error: Error) => socket.destroy(error)));
    }
  });
}

const place = (host: string, port: number): string => addressText({ host, port });

const interrupted = (host: string, port: number): SyncError =>
  new SyncError('interrupted', `Connecting to ${place(host, port)} was interrupted.`);

const cannotReach = (host: string, port: number, error: Error): SyncError =>
  new SyncError('unreachable', `Cannot reach ${place(host, port)}: ${wordsFor(error)}.`, {
    hint: 'Check that the server is started and listens there.',
    facts: { host, port },
    cause: error,
  });

function cannotListen(host: string, port: number, error: NodeJS.ErrnoException): SyncError {
  const inUse = error.code === 'EADDRINUSE';
  const what = inUse
    ? `Port ${port} on ${host} is in use`
    : `Cannot listen on ${place(host, port)}: ${wordsFor(error)}`;
  const hint = inUse || error.code === 'EACCES' ? PORT_HINT : 'Give an address of this machine with --host ADDR.';
  return new SyncError('usage', `${what}.`, { hint, facts: { host, port }, cause: error });
}

const PORT_HINT = 'Start with --port N, or stop the other program.';
