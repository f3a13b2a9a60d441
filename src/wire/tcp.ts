// Listening and dialling. Sockets are made here and nowhere else; what comes out are connections.
import net from 'node:net';
import { SyncError } from '../core/errors.js';
import { type Connection, connectionOver } from './connection.js';
import { toFailure } from './errors.js';
import { DEFAULT_LIMITS, DIAL_LIMITS, type WireLimits } from './limits.js';
import { wordsFor } from './socket-errors.js';

export { isLoopback, parseAddress } from './address.js';

const DIAL_MS = 10_000;

/** A server's ear: where it listens, and the way to stop. */
export interface Listener {
  readonly host: string;
  readonly port: number;
  /** Takes nothing new, closes every connection, and resolves when all are gone. */
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly limits?: Partial<WireLimits>;
  readonly onConnection: (connection: Connection) => void;
}

/**
 * Listens; over the limit of connections a further one is told `busy` and closed.
 * @throws SyncError `usage` where it cannot listen there, saying why and what to do.
 */
export function listen(options: ListenOptions): Promise<Listener> {
  const { host, port } = options;
  const guests: Guests = { served: new Set(), turnedAway: new Set() };
  // Half open: `printf … | nc` has said its last while its answer is still to come.
  const server = net.createServer({ allowHalfOpen: true }, (socket) => welcome(socket, guests, options));
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(host, port, error)));
    server.listen({ host, port }, () => {
      // From here on an error is one of accepting (too many open files): the next connection is a new chance.
      server.removeAllListeners('error').on('error', () => {});
      const taken = (server.address() as net.AddressInfo).port;
      resolve({ host, port: taken, close: () => closeAll(server, guests) });
    });
  });
}

/** The connections of a listener: those that are served, and those that are just being told that there is no room. */
interface Guests {
  readonly served: Set<Connection>;
  readonly turnedAway: Set<Connection>;
}

function welcome(
  socket: net.Socket,
  { served, turnedAway }: Guests,
  { limits = {}, onConnection }: ListenOptions,
): void {
  const most = limits.connections ?? DEFAULT_LIMITS.connections;
  if (served.size < most) {
    onConnection(admit(socket, served, limits));
  } else if (turnedAway.size < most) {
    turnAway(admit(socket, turnedAway, limits), most);
  } else {
    // So many at once that there is no time for words.
    socket.destroy();
  }
}

function admit(socket: net.Socket, guests: Set<Connection>, limits: Partial<WireLimits>): Connection {
  const connection = connectionOver(socket, limits);
  guests.add(connection);
  void connection.closed.then(() => guests.delete(connection));
  return connection;
}

function turnAway(connection: Connection, most: number): void {
  const error = new SyncError('busy', `The server has ${most} connections, as many as it takes.`, {
    hint: 'Try again when others have gone.',
  });
  void connection.send({ id: null, error: toFailure(error) });
  connection.close(error);
}

async function closeAll(server: net.Server, { served, turnedAway }: Guests): Promise<void> {
  const stopped = new Promise((resolve) => server.close(resolve));
  for (const connection of [...served, ...turnedAway]) connection.close();
  await stopped;
}

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  /** How long connecting may take, in milliseconds. */
  readonly timeoutMs?: number;
  readonly limits?: Partial<WireLimits>;
  readonly signal?: AbortSignal;
}

/**
 * Connects to a server.
 * @throws SyncError `unreachable` where nobody answers, `interrupted` where `signal` is aborted first.
 */
export function dial({ host, port, timeoutMs = DIAL_MS, limits, signal }: DialOptions): Promise<Connection> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(interrupted(host, port));
    const socket = net.connect({ host, port });
    const timer = setTimeout(() => socket.destroy(new Error(`no answer came within ${timeoutMs / 1000} s`)), timeoutMs);
    const onAbort = () => socket.destroy(interrupted(host, port));
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    signal?.addEventListener('abort', onAbort);
    const onError = (error: Error) => {
      settle();
      reject(error instanceof SyncError ? error : cannotReach(host, port, error));
    };
    socket.once('error', onError);
    socket.once('connect', () => {
      settle();
      socket.removeListener('error', onError);
      resolve(connectionOver(socket, { ...DIAL_LIMITS, ...limits }));
    });
  });
}

const place = (host: string, port: number): string => (net.isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`);

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
