// The client as it is typed to reach a server that was started from here, for advice.
import path from 'node:path';
import { DEFAULT_SERVER } from '../../client/server-address.js';
import { shellWord } from '../../core/shell-word.js';
import { addressText } from '../../wire/socket/address.js';
import { programNames } from '../program-name.js';
import type { ServerSettings } from './options.js';

/** A server; without `clients` it is one that clients do not talk to. */
interface Reached {
  readonly clients?: { readonly host: string; readonly port: number };
}

/** @returns the client with the options that it needs to reach this server from this machine. */
export function clientFor(running: Reached | null, { secretFile }: Pick<ServerSettings, 'secretFile'>): string {
  const { client } = programNames(process.argv[1], process.env);
  if (running?.clients === undefined) return client;
  const address = addressText(running.clients);
  const server = address === DEFAULT_SERVER ? [] : ['--server', address];
  const secret = secretFile === null ? [] : ['--secret-file', shellWord(path.resolve(secretFile))];
  return [client, ...server, ...secret].join(' ');
}
