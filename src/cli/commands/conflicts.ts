// `client conflicts`: lists the conflict copies and the present state of their files.

import type { CommandContext } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';
import { conflictsText } from '../render/conflicts.js';

export async function conflicts(context: CommandContext): Promise<number> {
  const answer = await (await context.api()).conflicts();
  if (context.json) context.out(`${JSON.stringify(answer)}\n`);
  else
    context.out(
      answer.conflicts.length > 0
        ? conflictsText(answer.conflicts, context.columns, context.names.client)
        : 'There is no conflict copy.\n',
    );
  return EXIT_OK;
}
