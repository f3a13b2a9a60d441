// `client flush`: returns when every change made before the call is on both sides.

import { SyncError } from '../../core/errors.js';
import type { Api, CommandContext } from '../context.js';
import { parseDuration } from '../duration.js';
import { EXIT_OK } from '../exit-codes.js';
import { exceptions, startB, waitingForB } from '../render/status.js';

export async function flush(context: CommandContext, flags: { readonly timeout: string }): Promise<number> {
  const timeoutMs = parseDuration(flags.timeout, '--timeout');
  const api = await context.api();
  if (!context.json && !(await api.status()).peer.connected) context.err(`${waitingForB(context.names)}\n`);
  const { held, problems } = await api.flush({ timeoutMs }).catch(async (error) => {
    throw await inWordsOf(context, api, error);
  });
  const said = `Every change made before now is on both sides${exceptions(held, problems)}.`;
  context.out(context.json ? `${JSON.stringify({ flushed: true, held, problems })}\n` : `${said}\n`);
  return EXIT_OK;
}

/** @returns the error; after a timeout it says whether server-b is away. */
async function inWordsOf({ names }: CommandContext, api: Api, error: unknown): Promise<unknown> {
  if (!(error instanceof SyncError) || error.code !== 'timeout') return error;
  const status = await api.status().catch(() => null);
  if (status === null || status.peer.connected) return error;
  const message = `Server-b is away (${status.peer.address} does not answer): what was changed is not on both sides.`;
  return new SyncError('timeout', message, { hint: startB(names), cause: error });
}
