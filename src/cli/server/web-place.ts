// Where the page is served, from what was given: beyond this machine only with a certificate, because a login must not
// cross a network that others can read.
import { isLoopback } from '../../wire/socket/address.js';
import { usageError } from '../report-error.js';
import { DEFAULT_HOST } from './command.js';
import type { Given } from './given.js';

/** Where the page is served. */
export interface WebPlace {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** The files with the certificate and its key; null for plain HTTP. */
  readonly files: { readonly cert: string; readonly key: string } | null;
}

/**
 * @param web `[HOST:]PORT`, or `off`.
 * @param cert the file of the certificate; empty for none.
 * @returns null where no page is wanted.
 * @throws SyncError `usage`.
 */
export function webPlace(web: Given, cert: Given, key: Given): WebPlace | null {
  if (web.text.trim().toLowerCase() === 'off') return null;
  const parts = /^(?:\[([\da-f:.]+)\]:|([^\s:[\]]+):)?(\d{1,5})$/i.exec(web.text.trim());
  const port = Number(parts?.[3]);
  if (parts === null || port > 65_535)
    throw usageError(
      `${web.from} takes [HOST:]PORT or off, not "${web.text}".`,
      'Such as --web 8082; 0 is any free port.',
    );
  if ((cert.text === '') !== (key.text === ''))
    throw usageError(`${cert.from} and ${key.from} belong together, and only one is given.`);
  const files = cert.text === '' ? null : { cert: cert.text, key: key.text };
  const host = parts[1] ?? parts[2] ?? DEFAULT_HOST;
  if (files === null && !isLoopback(host)) throw beyondLoopback(web, host);
  return { host, port, files };
}

const beyondLoopback = ({ text, from }: Given, host: string): Error =>
  usageError(
    `${from} ${text} would send logins through the network as plain text: on ${host} the page needs a certificate.`,
    'Give one with --web-cert FILE and --web-key FILE, or leave the host out and use "ssh -L".',
  );
