// `client web`: the address that opens the page of server-a under this name.
import type { CommandContext } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';

export async function web(context: CommandContext): Promise<number> {
  const { address } = await (await context.api()).web();
  context.out(context.json ? `${JSON.stringify({ address })}\n` : `${address}\n`);
  return EXIT_OK;
}
