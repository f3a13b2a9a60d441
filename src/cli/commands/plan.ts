// `client plan`: what would be transferred now, and why.
import { sideNamesIn } from '../../core/side-name.js';
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
  const status = await api.status();
  context.out(planText(preview, context.columns, sideNamesIn(status.names)));
  const why = whyNothingMoves(status, context.names);
  if (why !== null) context.out(`${why}\n`);
  return EXIT_OK;
}
