// `client flush`: returns when everything that was changed before the call is on both sides.
import { parseDuration } from '../duration.js';
import { EXIT_OK } from '../exit.js';
import type { Room } from '../room.js';

export async function flush(room: Room, flags: { readonly timeout: string }): Promise<number> {
  const timeoutMs = parseDuration(flags.timeout, '--timeout');
  await (await room.api()).flush({ timeoutMs });
  room.out(room.json ? '{"flushed":true}\n' : 'Every change made before now is on both sides.\n');
  return EXIT_OK;
}
