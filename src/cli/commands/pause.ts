// `client pause`: nothing is carried until `client resume`.

import type { Room } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';

export async function pause(room: Room): Promise<number> {
  const { changed } = await (await room.api()).pause();
  const said = changed ? 'Paused: nothing is carried until "client resume".' : 'It is paused already.';
  room.out(room.json ? `${JSON.stringify({ changed })}\n` : `${said}\n`);
  return EXIT_OK;
}
