// `client rescan`: both sides look at everything anew.

import type { CommandContext } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';

export async function rescan(context: CommandContext): Promise<number> {
  await (await context.api()).rescan();
  context.out(context.json ? '{"rescanning":true}\n' : 'Both sides are looking at everything anew.\n');
  return EXIT_OK;
}
