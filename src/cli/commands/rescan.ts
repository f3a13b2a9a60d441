// `client rescan`: both sides look at everything anew.

import type { Room } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';

export async function rescan(room: Room): Promise<number> {
  await (await room.api()).rescan();
  room.out(room.json ? '{"rescanning":true}\n' : 'Both sides are looking at everything anew.\n');
  return EXIT_OK;
}
