// `client resume`: continues after a pause, or after a halt that its options confirm.
import type { Confirmation } from '../../wire/client-api/methods.js';
import type { CommandContext } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';

export async function resume(context: CommandContext, flags: Confirmation): Promise<number> {
  const { acceptDeletes, newPartner, acceptRollback, acceptLostLocks } = flags;
  const confirmation = {
    ...(acceptDeletes && { acceptDeletes }),
    ...(newPartner && { newPartner }),
    ...(acceptRollback && { acceptRollback }),
    ...(acceptLostLocks && { acceptLostLocks }),
  };
  const { changed } = await (await context.api()).resume(confirmation);
  const said = changed ? 'Resumed.' : 'It was neither paused nor halted, so there is nothing to resume.';
  context.out(context.json ? `${JSON.stringify({ changed })}\n` : `${said}\n`);
  return EXIT_OK;
}
