// `client pause`: nothing is carried until `client resume`.
import { EXIT_OK } from '../exit.js';
import type { Room } from '../room.js';

export async function pause(room: Room): Promise<number> {
  const { changed } = await (await room.api()).pause();
  const said = changed ? 'Paused: nothing is carried until "client resume".' : 'It is paused already.';
  room.out(room.json ? `${JSON.stringify({ changed })}\n` : `${said}\n`);
  return EXIT_OK;
}
