// Parses addresses of servers.
import net from 'node:net';
import { SyncError } from '../../core/errors.js';
import { quote } from '../../core/path.js';

const LOOPBACK = new net.BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** @returns `host:port`, an IPv6 host in brackets. */
export const addressText = ({ host, port }: { readonly host: string; readonly port: number }): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/**
 * @param text `HOST:PORT`, `[::1]:8080`, or only `PORT`.
 * @param defaultHost the host where `text` has none.
 * @throws SyncError `usage`, with the syntax as the hint.
 */
export function parseAddress(text: string, defaultHost = '127.0.0.1'): { host: string; port: number } {
  const parts = /^(?:\[([\da-fA-F:.%\w]+)\]:|([^\s:[\]]*):)?(\d{1,5})$/.exec(text);
  const host = parts?.[1] ?? (parts?.[2] || defaultHost);
  const port = Number(parts?.[3]);
  if (parts === null || port < 1 || port > 65_535 || (parts[1] !== undefined && !net.isIPv6(parts[1]))) {
    throw new SyncError('usage', `${quote(text)} is not an address.`, {
      hint: 'Write HOST:PORT with a port of 1 to 65535, such as 127.0.0.1:8080 or [::1]:8080.',
    });
  }
  return { host, port };
}

/** @returns an address at which a program on this machine reaches a server that listens on `host`. */
export function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

/** @returns whether only programs on this machine can connect to `host`. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  const family = net.isIP(host);
  return family !== 0 && LOOPBACK.check(host, family === 6 ? 'ipv6' : 'ipv4');
}
