// `client status`: shows the state of the pair.

import type { CommandContext } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';
import { inOrder } from '../render/locks.js';
import { statusText } from '../render/status.js';

export async function status(context: CommandContext): Promise<number> {
  const api = await context.api();
  const answer = await api.status();
  if (context.json) context.out(`${JSON.stringify(answer)}\n`);
  else
    context.out(
      statusText(answer, answer.locks === 0 ? [] : inOrder((await api.locks()).locks), context.colors, context.names),
    );
  return EXIT_OK;
}
