// TLS 1.3 with a shared secret or a person's key as a pre-shared key and without certificates. Both ends prove it before
// anything else, and an X25519 exchange protects recorded traffic even if the secret becomes known later.
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import tls from 'node:tls';
import { SyncError } from '../../core/errors.js';
import type { WireLimits } from '../frame/limits.js';
import { isTls } from './connection.js';
import type { Keys } from './keys.js';
import { SAME_FILE, type Secret } from './secret.js';

const KEY_BYTES = 32;
const TLS = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  // External keys need SHA-256; the suite with SHA-384 does not work.
  ciphers: 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256',
} as const;

/** What happens to a new socket. */
interface SecureEvents {
  /** A secret is proved. The receiver calls `introduced` when the first message has arrived. */
  readonly onProved: (socket: Socket, secret: Secret, introduced: () => void) => void;
  /** The caller does not use TLS; its first bytes are still unread. */
  readonly onPlain: (socket: Socket) => void;
  /** The caller could not prove the secret. The socket is closed. */
  readonly onUnproved: (socket: Socket) => void;
}

interface Unauthenticated {
  readonly socket: Socket;
  readonly timer: NodeJS.Timeout;
}

/** Accepts sockets that prove the secret. The number of the others, and their time, is limited. */
export class SecureListener {
  readonly #server: tls.Server;
  /**
   * The sockets that have not proved the secret or have not sent a message since, by both addresses; the oldest first.
   */
  readonly #unauthenticated = new Map<string, Unauthenticated>();
  readonly #limits: Pick<WireLimits, 'unauthenticated' | 'handshakeMs'>;
  readonly #onPlain: SecureEvents['onPlain'];
  /** What each socket has to prove, by the identity that it named last; null for an unknown one. */
  readonly #claimed = new WeakMap<Socket, Secret | null>();

  constructor(keys: Keys, limits: Pick<WireLimits, 'unauthenticated' | 'handshakeMs'>, events: SecureEvents) {
    this.#limits = limits;
    this.#onPlain = events.onPlain;
    this.#server = tls.createServer({
      ...TLS,
      handshakeTimeout: limits.handshakeMs,
      // An unknown identity gets a random key, so that it fails in the same way as a wrong secret.
      pskCallback: (socket, identity) => {
        const secret = keys.find(identity);
        this.#claimed.set(socket, secret);
        return secret?.key ?? randomBytes(KEY_BYTES);
      },
    });
    // Node leaves a socket open after a failed handshake.
    this.#server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      // A caller that only hangs up has proved nothing either, but says nothing about its secret.
      if (error.code?.startsWith('ERR_SSL') === true) events.onUnproved(socket);
      socket.destroy();
    });
    this.#server.on('secureConnection', (socket) => {
      const ends = endsOf(socket);
      const pending = this.#unauthenticated.get(ends);
      // A resumed session names no identity, and its key may be gone.
      const secret = this.#claimed.get(socket) ?? null;
      if (pending === undefined || secret === null) return void socket.destroy();
      clearTimeout(pending.timer);
      events.onProved(socket, secret, () => this.#unauthenticated.delete(ends));
    });
  }

  /** @param socket opened with allowHalfOpen and not read from yet. */
  accept(socket: Socket): void {
    // The oldest is closed, not the new one: a caller with the secret is done long before it is the oldest.
    const oldest = this.#unauthenticated.values().next().value;
    if (oldest !== undefined && this.#unauthenticated.size >= this.#limits.unauthenticated) this.#leave(oldest.socket);
    const ends = endsOf(socket);
    const timer = setTimeout(() => socket.destroy(), this.#limits.handshakeMs).unref();
    const pending = { socket, timer };
    this.#unauthenticated.set(ends, pending);
    socket.on('error', () => {});
    socket.once('close', () => {
      clearTimeout(timer);
      if (this.#unauthenticated.get(ends) === pending) this.#unauthenticated.delete(ends);
    });
    this.#readFirst(socket);
  }

  /** Closes all sockets that have not proved the secret. */
  close(): void {
    for (const { socket } of this.#unauthenticated.values()) this.#leave(socket);
  }

  #readFirst(socket: Socket): void {
    const hangUp = () => socket.destroy();
    socket.once('end', hangUp);
    socket.once('data', (first: Buffer) => {
      socket.removeListener('end', hangUp);
      socket.pause();
      socket.unshift(first);
      if (isTls(first)) this.#server.emit('connection', socket);
      else this.#onPlain(socket);
    });
  }

  #leave(socket: Socket): void {
    this.#unauthenticated.delete(endsOf(socket));
    socket.destroy();
  }
}

/** Both addresses: no two open connections have the same. */
const endsOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;

/** @returns a socket that emits `secureConnect` when both ends have proved the secret. */
export function secureSocket(host: string, port: number, secret: Secret, allowHalfOpen = false): tls.TLSSocket {
  // The types of Node do not have `allowHalfOpen`, which its documentation does.
  const options: tls.ConnectionOptions & { readonly allowHalfOpen: boolean } = {
    host,
    port,
    allowHalfOpen,
    ...TLS,
    pskCallback: () => ({ identity: secret.identity, psk: secret.key }),
    // A server with a certificate proves nothing, whoever signed it.
    ca: [],
    checkServerIdentity: () => Object.assign(new Error('no certificates here'), { code: 'ERR_TLS_CERTIFICATE' }),
  };
  return tls.connect(options);
}

/** @returns why `error` ended a handshake with `place`; null where it has nothing to do with `secret`. */
export function handshakeFault(place: string, error: Error, { person }: Secret): SyncError | null {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return refused(`The program at ${place} uses no secret.`, START_BOTH, error);
  }
  if (code.includes('_ALERT_') && person !== null)
    return refused(`The server at ${place} does not accept the key of ${person.name}.`, ASK_FOR_KEY, error);
  if (code.includes('_ALERT_')) return refused(`The server at ${place} has another secret.`, SAME_FILE, error);
  const isOfTls = code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS') || CERTIFICATE.test(code);
  return isOfTls ? refused(`The program at ${place} could not prove that it has the secret.`, SAME_FILE, error) : null;
}

const CERTIFICATE = /CERT|SIGNATURE|CRL|ISSUER/;
const START_BOTH = 'Start that server with --secret-file too, or leave the secret out on this end.';
const ASK_FOR_KEY = 'It was removed or changed there, or never added: ask who keeps the keys of that server for one.';

const refused = (message: string, hint: string, cause: Error): SyncError =>
  new SyncError('not-allowed', message, { hint, cause });
