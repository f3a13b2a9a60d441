// TLS 1.3 with the shared secret as the key and no certificates: each end proves that it has the secret before it hears
// or says anything else, and an X25519 exchange keeps what was said from whoever learns the secret later.
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import tls from 'node:tls';
import { SyncError } from '../../core/errors.js';
import type { WireLimits } from '../frame/limits.js';
import type { Secret } from './secret.js';

/** By what name the secret goes: there is only one. */
const IDENTITY = 'lockstep';
/** The first byte of every TLS connection, which no JSON begins with. */
const TLS_BEGINS = 0x16;

/** @returns whether what comes first on a connection is TLS. */
export const isTls = (first: Buffer): boolean => first[0] === TLS_BEGINS;

const TLS = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  // An external key goes with SHA-256; the suite with SHA-384 does not work.
  ciphers: 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256',
} as const;

/** What becomes of who knocks. */
interface Knocking {
  /** The secret is proved. `introduced` is to be called when the first message has come. */
  readonly onProved: (socket: Socket, introduced: () => void) => void;
  /** It speaks without TLS; what it said is still to be read. */
  readonly onPlain: (socket: Socket) => void;
}

interface Unauthenticated {
  readonly socket: Socket;
  readonly timer: NodeJS.Timeout;
}

/** Lets in who proves the secret. Of those who have not, a few are borne with, each for a short time. */
export class SecureDoor {
  readonly #server: tls.Server;
  /** Who has not proved the secret or has said nothing since, by both ends of its connection; the oldest first. */
  readonly #unauthenticated = new Map<string, Unauthenticated>();
  readonly #limits: Pick<WireLimits, 'unauthenticated' | 'handshakeMs'>;
  readonly #onPlain: Knocking['onPlain'];

  constructor(secret: Secret, limits: Pick<WireLimits, 'unauthenticated' | 'handshakeMs'>, knocking: Knocking) {
    this.#limits = limits;
    this.#onPlain = knocking.onPlain;
    this.#server = tls.createServer({
      ...TLS,
      handshakeTimeout: limits.handshakeMs,
      // A name that is not known gets a key that nobody has, so that names cannot be told from secrets.
      pskCallback: (_socket, identity) => (identity === IDENTITY ? secret.key : randomBytes(secret.key.length)),
    });
    // Who fails the handshake is left open by node.
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy());
    this.#server.on('secureConnection', (socket) => {
      const ends = endsOf(socket);
      const stranger = this.#unauthenticated.get(ends);
      if (stranger === undefined) return void socket.destroy();
      clearTimeout(stranger.timer);
      knocking.onProved(socket, () => this.#unauthenticated.delete(ends));
    });
  }

  /** @param socket half-open allowed, not read from yet. */
  accept(socket: Socket): void {
    // The oldest goes, not the newest: who has the secret is done before many others can come.
    const oldest = this.#unauthenticated.values().next().value;
    if (oldest !== undefined && this.#unauthenticated.size >= this.#limits.unauthenticated) this.#leave(oldest.socket);
    const ends = endsOf(socket);
    const timer = setTimeout(() => socket.destroy(), this.#limits.handshakeMs).unref();
    const stranger = { socket, timer };
    this.#unauthenticated.set(ends, stranger);
    socket.on('error', () => {});
    socket.once('close', () => {
      clearTimeout(timer);
      if (this.#unauthenticated.get(ends) === stranger) this.#unauthenticated.delete(ends);
    });
    this.#hearFirst(socket);
  }

  /** Turns out everybody who is still a stranger. */
  close(): void {
    for (const { socket } of this.#unauthenticated.values()) this.#leave(socket);
  }

  #hearFirst(socket: Socket): void {
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

/** Both ends: what no two connections have in common at one time. */
const endsOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;

/** @returns a socket that says `secureConnect` when both ends have proved the secret. */
export function secureSocket(host: string, port: number, secret: Secret): tls.TLSSocket {
  return tls.connect({
    host,
    port,
    ...TLS,
    pskCallback: () => ({ identity: IDENTITY, psk: secret.key }),
    // A server that comes with a certificate instead has proved nothing, whoever signed it.
    ca: [],
    checkServerIdentity: () => Object.assign(new Error('no certificates here'), { code: 'ERR_TLS_CERTIFICATE' }),
  });
}

/** @returns what it means that `error` ended a handshake with `place`; null where that is not about the secret. */
export function handshakeFault(place: string, error: Error): SyncError | null {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return refused(`What listens at ${place} speaks without a secret.`, START_BOTH, error);
  }
  if (code.includes('_ALERT_')) return refused(`The server at ${place} has another secret.`, SAME_FILE, error);
  const isOfTls = code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS') || CERTIFICATE.test(code);
  return isOfTls ? refused(`What listens at ${place} could not prove the secret.`, SAME_FILE, error) : null;
}

const CERTIFICATE = /CERT|SIGNATURE|CRL|ISSUER/;
const START_BOTH = 'Start that server with --secret-file too, or leave the secret out on this end.';
const SAME_FILE = 'Give every program a copy of the same file with --secret-file.';

const refused = (message: string, hint: string, cause: Error): SyncError =>
  new SyncError('not-allowed', message, { hint, cause });
