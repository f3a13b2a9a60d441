// `client flush`: returns when everything that was changed before the call is on both sides.
import { parseDuration } from '../duration.js';
import { EXIT_OK } from '../exit.js';
import { exceptions } from '../render/status.js';
import type { Room } from '../room.js';

export async function flush(room: Room, flags: { readonly timeout: string }): Promise<number> {
  const timeoutMs = parseDuration(flags.timeout, '--timeout');
  const { held, problems } = await (await room.api()).flush({ timeoutMs });
  const said = `Every change made before now is on both sides${exceptions(held, problems)}.`;
  room.out(room.json ? `${JSON.stringify({ flushed: true, held, problems })}\n` : `${said}\n`);
  return EXIT_OK;
}
