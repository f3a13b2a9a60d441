// `client resume`: go on after a pause; with --accept-deletes also after a halt.
import { EXIT_OK } from '../exit.js';
import type { Room } from '../room.js';

export async function resume(room: Room, flags: { readonly acceptDeletes?: boolean }): Promise<number> {
  const { changed } = await (await room.api()).resume({ acceptDeletes: flags.acceptDeletes === true });
  const said = changed ? 'Resumed.' : 'It was neither paused nor halted: nothing to resume.';
  room.out(room.json ? `${JSON.stringify({ changed })}\n` : `${said}\n`);
  return EXIT_OK;
}
