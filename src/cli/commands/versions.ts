// `client versions TARGET`: the earlier contents that both sides keep of a file, the newest first.
import { EXIT_OK } from '../exit.js';
import { listedPaths, oneTarget } from '../one-target.js';
import { versionsText } from '../render/versions.js';
import { shownName } from '../render/width.js';
import type { Room } from '../room.js';

export async function versions(room: Room, text: string): Promise<number> {
  const target = await oneTarget(room, text, listedPaths(room));
  const answer = await (await room.api()).versions(target);
  if (room.json) {
    room.out(`${JSON.stringify(answer)}\n`);
    return EXIT_OK;
  }
  for (const side of answer.away) room.err(`Side ${side} is away: what it keeps is not in this list.\n`);
  const name = shownName('path' in target ? target.path : text);
  room.out(answer.versions.length > 0 ? versionsText(answer.versions) : `Nothing earlier is kept of ${name}.\n`);
  return EXIT_OK;
}
