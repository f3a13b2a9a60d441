// `client status`: the pair at a glance; with `--check`, whether somebody has to look at it.

import type { Status } from '../../wire/client-api/methods.js';
import type { CommandContext } from '../context.js';
import { EXIT_FAILED, EXIT_OK, exitCodeFor } from '../exit-codes.js';
import { inOrder } from '../render/locks.js';
import { stateText, statusText } from '../render/status.js';

export async function status(
  context: CommandContext,
  { check = false }: { readonly check?: boolean },
): Promise<number> {
  const api = await context.api();
  const answer = await api.status();
  if (context.json) context.out(`${JSON.stringify(answer)}\n`);
  else if (check) context.out(`${stateText(answer, context.names)}\n`);
  else {
    const locks = answer.locks === 0 ? [] : inOrder((await api.locks()).locks);
    context.out(statusText(answer, locks, context.colors, context.names));
  }
  return check ? checkCode(answer) : EXIT_OK;
}

/** The exit code for monitoring: the gravest of what is wrong. A pair at work is well; one that is not known yet is not. */
function checkCode({ state, peer, problems }: Status): number {
  if (state === 'halted') return exitCodeFor('halted');
  if (state === 'peer-lost' || !peer.connected) return exitCodeFor('unreachable');
  const isWell = (state === 'in-sync' || state === 'syncing') && problems.length === 0;
  return isWell ? EXIT_OK : EXIT_FAILED;
}
