// `client rescan`: makes both sides scan everything.

import type { CommandContext } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';

export async function rescan(context: CommandContext): Promise<number> {
  await (await context.api()).rescan();
  context.out(context.json ? '{"rescanning":true}\n' : 'Both sides are scanning everything.\n');
  return EXIT_OK;
}
