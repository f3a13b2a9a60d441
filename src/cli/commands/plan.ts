// `client plan`: what would be transferred now, and why.
import type { CommandContext } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';
import { planText } from '../render/plan.js';

export async function plan(context: CommandContext): Promise<number> {
  const preview = await (await context.api()).plan();
  context.out(context.json ? `${JSON.stringify(preview)}\n` : planText(preview, context.columns));
  return EXIT_OK;
}
