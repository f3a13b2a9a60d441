// `client pause`: stops synchronisation until `client resume`.

import type { CommandContext } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';

export async function pause(context: CommandContext): Promise<number> {
  const { changed } = await (await context.api()).pause();
  const said = changed
    ? `Paused: nothing is synchronised until "${context.names.client} resume".`
    : 'It is paused already.';
  context.out(context.json ? `${JSON.stringify({ changed })}\n` : `${said}\n`);
  return EXIT_OK;
}
