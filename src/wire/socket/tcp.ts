// Listens and dials. All sockets are made here; the results are connections.
import net from 'node:net';
import { SyncError } from '../../core/errors.js';
import type { Person } from '../../core/person.js';
import { toFailure } from '../frame/errors.js';
import { DEFAULT_LIMITS, DIAL_LIMITS, type WireLimits } from '../frame/limits.js';
import { addressText } from './address.js';
import { type Connection, connectionOver, type FreshConnection } from './connection.js';
import { type Keys, KeyWatch, onlyKey } from './keys.js';
import { checkListener, refusalOf } from './local-users.js';
import { SAME_FILE, type Secret } from './secret.js';
import { socketErrorText } from './socket-errors.js';
import type { SecureListener } from './tls.js';

export { isLoopback, parseAddress } from './address.js';

const DIAL_MS = 10_000;
/** The least time between two reports of one caller without the secret. */
const REPORT_MS = 60_000;
/** The most reports in that time. */
const MAX_REPORTED = 16;

/** A listening server. */
interface Listener {
  readonly host: string;
  readonly port: number;
  /** Accepts nothing new, closes all connections, and resolves when they are closed. */
  close(): Promise<void>;
}

interface ListenOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly limits?: Partial<WireLimits>;
  /** With a secret, only callers that prove it are served. */
  readonly secret?: Secret | undefined;
  /** The same with the keys of several people. */
  readonly keys?: Keys | undefined;
  /** Whether other users of this machine may connect without a secret. */
  readonly allowLocal?: boolean | undefined;
  /**
   * Called once for each user of this machine that is refused; where there is a secret, at most once a minute for callers
   * of one address that do not have it, and for one reason.
   */
  readonly onRefused?: (error: SyncError) => void;
  readonly onConnection: (connection: FreshConnection) => void;
  /** What follows from another port, for the advice where the port is in use. */
  readonly otherPort?: string | undefined;
  /** @returns a monotonic time in milliseconds. */
  readonly now?: () => number;
}

/**
 * Listens. A connection over the limit is answered with `busy` and closed.
 * @throws SyncError `usage` where it cannot listen there, with the reason and what to do.
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { host, port, secret, allowLocal } = options;
  const connections: Connections = {
    served: new Set(),
    rejected: new Set(),
    identifying: new Set(),
    refused: new Set(),
  };
  const keys = options.keys ?? (secret === undefined ? null : onlyKey(secret));
  const secure = keys === null ? null : await secureListener(keys, connections, options);
  // Half-open, because `printf … | nc` ends its output before its answer arrives.
  const checksUser = secure === null && allowLocal !== true;
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: checksUser }, (socket) => {
    if (checksUser) void identify(socket, connections, options);
    else if (secure === null) accept(socket, connections, options);
    else secure.accept(socket);
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(options, error)));
    server.listen({ host, port }, () => {
      // Later errors are failures to accept (too many open files); the next connection may succeed.
      server.removeAllListeners('error').on('error', () => {});
      const taken = (server.address() as net.AddressInfo).port;
      resolve({ host, port: taken, close: () => closeAll(server, secure, connections) });
    });
  });
}

/** The connections of a listener: those that are served, and those that are being refused. */
interface Connections {
  readonly served: Set<Connection>;
  readonly rejected: Set<Connection>;
  /** Sockets whose user is being determined. */
  readonly identifying: Set<net.Socket>;
  /** The messages about users that were already refused. */
  readonly refused: Set<string>;
}

async function secureListener(keys: Keys, connections: Connections, options: ListenOptions): Promise<SecureListener> {
  const { SecureListener } = await import('./tls.js');
  const report = reporter(options);
  const watch = new KeyWatch(keys);
  return new SecureListener(
    keys,
    { ...DEFAULT_LIMITS, ...options.limits },
    {
      onProved: (socket, secret, introduced) => {
        const { person } = secret;
        const connection = accept(socket, connections, options, introduced, person);
        if (connection !== null) watch.add(connection, secret);
      },
      onPlain: (socket) => {
        report(socket, 'it uses no secret');
        reject(socket, connections, options, options.keys === undefined ? secretRequired() : keyRequired());
      },
      onUnproved: (socket) =>
        report(socket, options.keys === undefined ? 'it could not prove the secret' : 'it could not prove a key'),
    },
  );
}

/**
 * @returns what reports a refused connection, each reason and address at most once a minute: a caller with a wrong secret
 *   dials on and on, and must not be hidden by another who looks at the port.
 */
function reporter({ keys, onRefused, now = () => performance.now() }: ListenOptions) {
  const reported = new Map<string, number>();
  return ({ remoteAddress = 'an unknown address' }: net.Socket, why: string): void => {
    for (const [key, at] of reported) if (now() - at >= REPORT_MS) reported.delete(key);
    const key = `${remoteAddress} ${why}`;
    if (reported.has(key) || reported.size >= MAX_REPORTED) return;
    reported.set(key, now());
    onRefused?.(unproved(remoteAddress, why, keys === undefined ? SAME_FILE : OWN_KEY));
  };
}

/** @param socket paused: nothing is read before its user is known. */
async function identify(socket: net.Socket, connections: Connections, options: ListenOptions): Promise<void> {
  const { limits = {}, onRefused } = options;
  if (connections.identifying.size >= (limits.connections ?? DEFAULT_LIMITS.connections)) return void socket.destroy();
  connections.identifying.add(socket);
  const ignore = () => {};
  socket.on('error', ignore);
  const refusal = await refusalOf(socket);
  connections.identifying.delete(socket);
  if (socket.destroyed) return;
  socket.removeListener('error', ignore);
  if (refusal === null) accept(socket, connections, options);
  else {
    if (refusal.facts.left !== true) {
      if (!connections.refused.has(refusal.message)) onRefused?.(refusal);
      connections.refused.add(refusal.message);
    }
    reject(socket, connections, options, refusal);
  }
  socket.resume();
}

/** @returns the connection that is served; null where there are too many. */
function accept(
  socket: net.Socket,
  connections: Connections,
  options: ListenOptions,
  introduced = () => {},
  person: Person | null = null,
): Connection | null {
  const { limits = {}, onConnection } = options;
  const most = limits.connections ?? DEFAULT_LIMITS.connections;
  if (connections.served.size >= most) {
    reject(socket, connections, options, tooMany(most));
    return null;
  }
  const connection = admit(socket, connections.served, limits, introduced, person);
  onConnection(connection);
  return connection;
}

function admit(
  socket: net.Socket,
  connections: Set<Connection>,
  limits: Partial<WireLimits>,
  introduced?: () => void,
  person: Person | null = null,
): FreshConnection {
  const connection = connectionOver(socket, limits, introduced, person);
  connections.add(connection);
  void connection.closed.then(() => connections.delete(connection));
  return connection;
}

function reject(socket: net.Socket, { rejected }: Connections, { limits = {} }: ListenOptions, error: SyncError): void {
  // With too many at once there is no error message.
  if (rejected.size >= (limits.connections ?? DEFAULT_LIMITS.connections)) return void socket.destroy();
  const connection = admit(socket, rejected, limits);
  void connection.send({ id: null, error: toFailure(error) });
  connection.close(error);
}

const tooMany = (most: number): SyncError =>
  new SyncError('busy', `The server has ${most} connections, the maximum.`, {
    hint: 'Try again when other connections have ended.',
  });

const OWN_KEY = 'Its key is unknown here, removed or changed.';

const unproved = (address: string, why: string, more: string): SyncError =>
  new SyncError('not-allowed', `A connection from ${address} is refused: ${why}. ${more}`);

const secretRequired = (): SyncError =>
  new SyncError('not-allowed', 'This server answers only programs that have its secret.', {
    hint: 'Give a copy of its secret file with --secret-file.',
  });

const keyRequired = (): SyncError =>
  new SyncError('not-allowed', 'This server answers only people with a key.', {
    hint: 'Give your key with --secret-file; who keeps the keys of the server makes one.',
  });

async function closeAll(server: net.Server, secure: SecureListener | null, connections: Connections): Promise<void> {
  const { served, rejected, identifying } = connections;
  const stopped = new Promise((resolve) => server.close(resolve));
  secure?.close();
  for (const socket of identifying) socket.destroy();
  for (const connection of [...served, ...rejected]) connection.close();
  await stopped;
}

interface DialOptions {
  readonly host: string;
  readonly port: number;
  /** The maximum time for connecting, in milliseconds. */
  readonly timeoutMs?: number;
  readonly limits?: Partial<WireLimits>;
  readonly signal?: AbortSignal;
  /** The secret that both ends have to prove before anything else. */
  readonly secret?: Secret | undefined;
  /** Whether the server may belong to another local user where there is no secret. */
  readonly allowLocal?: boolean | undefined;
  /** Whether the other end may end its output and still be answered. */
  readonly halfOpen?: boolean;
}

/**
 * Connects to a server.
 * @throws SyncError `unreachable` where no server answers; `not-allowed` where the other end has another secret or
 * none, or belongs to another local user; `interrupted` where `signal` is aborted first.
 */
export async function dial(options: DialOptions): Promise<Connection> {
  const {
    host,
    port,
    timeoutMs = DIAL_MS,
    limits,
    signal,
    secret,
    allowLocal = false,
    halfOpen: allowHalfOpen,
  } = options;
  // Loading TLS takes a tenth of the start of a client, and most need none.
  const tls = secret === undefined ? null : { ...(await import('./tls.js')), secret };
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(interrupted(host, port));
    const until = performance.now() + timeoutMs;
    const socket =
      tls === null
        ? net.connect({ host, port, allowHalfOpen })
        : tls.secureSocket(host, port, tls.secret, allowHalfOpen);
    const timer = setTimeout(() => socket.destroy(new Error(`no answer came within ${timeoutMs / 1000} s`)), timeoutMs);
    const onAbort = () => socket.destroy(interrupted(host, port));
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    signal?.addEventListener('abort', onAbort);
    const onError = (error: Error) => {
      settle();
      const fault = tls === null ? null : tls.handshakeFault(place(host, port), error, tls.secret);
      reject(error instanceof SyncError ? error : (fault ?? cannotReach(host, port, error)));
    };
    socket.once('error', onError);
    const connected = () => {
      settle();
      if (socket.destroyed) return reject(cannotReach(host, port, new Error('it closed the connection at once')));
      socket.removeListener('error', onError);
      resolve(connectionOver(socket, { ...DIAL_LIMITS, ...limits }));
    };
    if (tls !== null) socket.once('secureConnect', connected);
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
  new SyncError('unreachable', `Cannot reach ${place(host, port)}: ${socketErrorText(error)}.`, {
    hint: 'Check that the server is started and listens there.',
    facts: { host, port },
    cause: error,
  });

function cannotListen({ host, port, otherPort }: ListenOptions, error: NodeJS.ErrnoException): SyncError {
  const inUse = error.code === 'EADDRINUSE';
  const what = inUse
    ? `Port ${port} on ${host} is in use`
    : `Cannot listen on ${place(host, port)}: ${socketErrorText(error)}`;
  const hint =
    inUse || error.code === 'EACCES' ? portHint(otherPort) : 'Give an address of this machine with --host ADDR.';
  return new SyncError('usage', `${what}.`, { hint, facts: { host, port }, cause: error });
}

const portHint = (otherPort: string | undefined): string =>
  `Stop the other program, or start with --port N${otherPort === undefined ? '' : ` and ${otherPort}`}.`;
