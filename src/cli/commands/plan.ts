// `client plan`: what would be transferred now, and why.
import type { CommandContext } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';
import { planText } from '../render/plan.js';
import { whyNothingMoves } from '../render/status.js';

export async function plan(context: CommandContext): Promise<number> {
  const api = await context.api();
  const preview = await api.plan();
  if (context.json) {
    context.out(`${JSON.stringify(preview)}\n`);
    return EXIT_OK;
  }
  context.out(planText(preview, context.columns));
  const why = whyNothingMoves(await api.status(), context.names);
  if (why !== null) context.out(`${why}\n`);
  return EXIT_OK;
}
