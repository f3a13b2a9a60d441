// `client status`: the pair at a glance.

import type { Room } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';
import { inOrder } from '../render/locks.js';
import { statusText } from '../render/status.js';

export async function status(room: Room): Promise<number> {
  const api = await room.api();
  const answer = await api.status();
  if (room.json) room.out(`${JSON.stringify(answer)}\n`);
  else room.out(statusText(answer, answer.locks === 0 ? [] : inOrder((await api.locks()).locks), room.colors));
  return EXIT_OK;
}
