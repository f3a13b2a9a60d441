// Who may speak to the page's server at all: a request has to name this server as its host, and may not come from another
// page. So no site that a browser shows can use it, not even under a name that it lets point here (DNS rebinding).
import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import net from 'node:net';
import { quote } from '../core/path.js';
import { HttpError } from './answer.js';

/** Where the server listens. */
export interface Place {
  readonly host: string;
  readonly port: number;
  /** With TLS, its certificate, whose names count, too. */
  readonly certificate: X509Certificate | null;
}

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Checks where a request was sent to, and where it comes from.
 * @throws HttpError 403.
 */
export function checkGate({ headers, socket }: IncomingMessage, place: Place): void {
  const { host = '', origin, 'sec-fetch-site': site } = headers;
  if (!isOurs(host.toLowerCase(), place, socket.localAddress)) throw foreignHost(host, place.port);
  const scheme = place.certificate === null ? 'http' : 'https';
  if (origin !== undefined && origin.toLowerCase() !== `${scheme}://${host.toLowerCase()}`) throw foreignOrigin(origin);
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw foreignOrigin(`a ${site} page`);
}

function isOurs(host: string, { host: given, port, certificate }: Place, localAddress: string | undefined): boolean {
  const [name, number] = splitHost(host, certificate === null ? 80 : 443);
  if (number !== port) return false;
  if (LOOPBACK_NAMES.includes(name)) return true;
  if (name === asHost(given.toLowerCase()) || (localAddress !== undefined && name === asHost(localAddress)))
    return true;
  const bare = name.replace(/^\[(.*)\]$/, '$1');
  if (certificate === null) return false;
  return (net.isIP(bare) === 0 ? certificate.checkHost(bare) : certificate.checkIP(bare)) !== undefined;
}

function splitHost(host: string, usualPort: number): [name: string, port: number] {
  const parts = /^(\[[\da-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(host);
  return parts === null ? ['', 0] : [parts[1]!, Number(parts[2] ?? usualPort)];
}

/** @returns the address as it stands in a URL. */
const asHost = (address: string): string => {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
  return plain.includes(':') ? `[${plain}]` : plain;
};

const foreignHost = (host: string, port: number): HttpError =>
  new HttpError(403, 'not-allowed', `This server is not called ${quote(host)}.`, {
    hint: `Open the address that "client web" prints. Through a tunnel, use port ${port} at both ends.`,
  });

const foreignOrigin = (origin: string): HttpError =>
  new HttpError(
    403,
    'not-allowed',
    `Requests from ${quote(origin)} are refused: only its own page may use this server.`,
    {
      hint: 'Open the address that "client web" prints in a new tab.',
    },
  );
