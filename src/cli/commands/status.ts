// `client status`: the pair at a glance.
import { EXIT_OK } from '../exit.js';
import { statusText } from '../render/status.js';
import type { Room } from '../room.js';

export async function status(room: Room): Promise<number> {
  const answer = await (await room.api()).status();
  room.out(room.json ? `${JSON.stringify(answer)}\n` : statusText(answer, room.colors));
  return EXIT_OK;
}
