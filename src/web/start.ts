// Serves the page of server-a, and what programs can ask by HTTP. Every request passes the gate, then the login, then one
// route; what it asks of the pair goes over a connection of its own to the same door as every other client's.
import { X509Certificate } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { SyncError } from '../core/errors.js';
import type { Actor } from '../core/person.js';
import { addressText } from '../wire/socket/address.js';
import { socketErrorText } from '../wire/socket/socket-errors.js';
import { Assets } from './assets.js';
import type { ServedPair } from './pair.js';
import { Router } from './router.js';
import { type KeptLogin, Sessions } from './sessions.js';

/** The most connections, the longest heads, and how long a head may take to arrive. */
const MAX_CONNECTIONS = 1_024;
const MAX_HEAD_BYTES = 16 * 1024;
const HEAD_MS = 10_000;

/** With TLS: PEM texts. */
export interface Tls {
  readonly cert: string;
  readonly key: string;
}

/** What outlasts a restart. */
interface KeptPage {
  /** Where it was served: a browser gives its cookie to this port only. */
  readonly port: number;
  /** How names were proved. */
  readonly access: string;
  readonly logins: readonly KeptLogin[];
}

interface KeptPages {
  /** @returns what was kept; null where nothing was. */
  read(): KeptPage | null;
  write(page: KeptPage): void;
}

export interface WebOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly tls: Tls | null;
  /** The directory with the files of the page. */
  readonly assets: string;
  readonly pair: ServedPair;
  readonly version: string;
  /** What a program says to read the metrics without a login; null where nothing lets it. */
  readonly metricsToken?: string | null;
  /** Where logins outlast a restart; null where they end with the server. */
  readonly kept?: KeptPages | null;
  /** How names are proved; logins of another way do not count. */
  readonly access?: string;
  /** @returns `text`, which advises to type `client …`, with the client as it is typed here. */
  readonly worded?: (text: string) => string;
  readonly log: { warn(text: string): void };
}

/** The page, while it is served. */
export interface RunningPage {
  readonly host: string;
  readonly port: number;
  /** The address without a token. */
  readonly address: string;
  /** @returns an address that signs `user` in, once. */
  addressFor(user: Actor): string;
  stop(): Promise<void>;
}

/**
 * Starts serving.
 * @throws SyncError `usage` where it cannot listen there, or the certificate and its key cannot be used.
 */
export async function startWeb(options: WebOptions): Promise<RunningPage> {
  const { host, tls } = options;
  const certificate = tls === null ? null : certificateOf(tls);
  const server = tls === null ? http.createServer(HTTP_OPTIONS) : secureServer(tls);
  server.maxConnections = MAX_CONNECTIONS;
  const assets = new Assets(options.assets);
  const { pair, version, log, metricsToken = null, worded = (text) => text, kept = null, access = '' } = options;
  const before = kept?.read() ?? null;
  await listeningAgain(server, options, before?.port ?? 0);
  const { port } = server.address() as AddressInfo;
  const place = { host, port, certificate };
  const logins = before?.port === port && before.access === access ? before.logins : [];
  const sessions = new Sessions(Date.now, { logins, keep: (those) => kept?.write({ port, access, logins: those }) });
  const router = new Router({ place, assets, pair, version, log, metricsToken, worded, sessions });
  server.on('request', (req, res) => void router.handle(req, res));
  server.on('checkContinue', (req, res) => void router.handle(req, res));
  server.on('error', () => {}); // a failure to accept; the next connection may succeed
  const address = `${tls === null ? 'http' : 'https'}://${addressText({ host: nameOf(host, certificate), port })}/`;
  return {
    ...{ host, port, address },
    addressFor: (user) => `${address}#${router.sessions.tokenFor(user)}`,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      router.stop();
      server.closeAllConnections();
      await closed;
    },
  };
}

const HTTP_OPTIONS: http.ServerOptions = {
  maxHeaderSize: MAX_HEAD_BYTES,
  headersTimeout: HEAD_MS,
  // An upload may take long; its own pace is checked.
  requestTimeout: 0,
  connectionsCheckingInterval: HEAD_MS / 2,
};

/** @returns the name in the address: the given one, or one that a browser can reach. */
function nameOf(host: string, certificate: X509Certificate | null): string {
  if (host !== '0.0.0.0' && host !== '::') return host;
  const named = /DNS:([^*,\s]+)/.exec(certificate?.subjectAltName ?? '')?.[1];
  return named ?? (host === '::' ? '::1' : '127.0.0.1');
}

/** @throws SyncError `usage`. */
function certificateOf({ cert }: Tls): X509Certificate {
  try {
    return new X509Certificate(cert);
  } catch (cause) {
    throw unusable(cause);
  }
}

/** @throws SyncError `usage`. */
function secureServer(tls: Tls): https.Server {
  try {
    return https.createServer({ ...HTTP_OPTIONS, ...tls });
  } catch (cause) {
    throw unusable(cause);
  }
}

/** Where any port will do, the former one is best: pages that are open find the server again. */
async function listeningAgain(server: http.Server, options: WebOptions, before: number): Promise<void> {
  if (options.port !== 0 || before === 0) return listening(server, options);
  try {
    await listening(server, { ...options, port: before });
  } catch {
    await listening(server, options);
  }
}

function listening(server: http.Server, { host, port }: Pick<WebOptions, 'host' | 'port'>): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(host, port, error)));
    server.listen({ host, port }, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

function cannotListen(host: string, port: number, cause: NodeJS.ErrnoException): SyncError {
  const what =
    cause.code === 'EADDRINUSE'
      ? `Port ${port} on ${host} is in use`
      : `The page cannot listen on ${addressText({ host, port })}: ${socketErrorText(cause)}`;
  return new SyncError('usage', `${what}.`, { hint: 'Give --web another port; 0 is any free one.', cause });
}

const unusable = (cause: unknown): SyncError =>
  new SyncError(
    'usage',
    `The certificate of --web-cert and the key of --web-key cannot be used: ${(cause as Error).message}.`,
    {
      hint: 'Both are PEM files, and belong to each other.',
      cause,
    },
  );
