// The address of server-a, and the error when it cannot be reached.
import { type ErrorCode, SyncError } from '../core/errors.js';
import { addressText, parseAddress } from '../wire/socket/address.js';

export { addressText };

/** The default address of server-a. */
export const DEFAULT_SERVER = '127.0.0.1:8080';

/** A host and a port. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** @throws SyncError `usage` for a text that is not an address. */
export const addressOf = (server: string | Address): Address =>
  typeof server === 'string' ? parseAddress(server, '127.0.0.1') : server;

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ETIMEDOUT: 'no answer in time',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name of the host cannot be resolved at present',
  EHOSTUNREACH: 'that host cannot be reached',
  ENETUNREACH: 'that network cannot be reached',
  ECONNRESET: 'connection reset',
};

/** @returns the error for a failed connection: the address, the reason and what to do. */
export function unreachable(server: Address, error: unknown): SyncError {
  const code: ErrorCode = error instanceof SyncError ? error.code : 'unreachable';
  if (error instanceof SyncError && code !== 'unreachable' && code !== 'timeout') return error;
  return new SyncError('unreachable', `Cannot reach server-a at ${addressText(server)}: ${reasonOf(error)}.`, {
    hint: 'Start it with "server-a", or name another server.',
    facts: { host: server.host, port: server.port },
    cause: error,
  });
}

function reasonOf(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown };
    if (typeof code === 'string' && code in REASONS) return REASONS[code]!;
    if (at instanceof AggregateError && at.errors.length > 0) return reasonOf(at.errors[0]);
  }
  return error instanceof SyncError && error.code === 'timeout' ? 'no answer in time' : 'it does not answer';
}
