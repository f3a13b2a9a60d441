// `client versions TARGET`: the earlier contents that both sides keep of a file, the newest first.
import type { Side } from '../../core/path.js';
import type { Room } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';
import { versionsText } from '../render/versions.js';
import { shownName } from '../render/width.js';
import { listedPaths, mustBeListed, onOneTarget } from '../target/one-target.js';

export async function versions(room: Room, text: string): Promise<number> {
  const api = await room.api();
  const listed = listedPaths(room);
  await onOneTarget(room, text, listed, async (target) => {
    const answer = await api.versions(target);
    if (!room.json) for (const side of answer.away) room.err(awayText(side));
    if (answer.versions.length === 0) mustBeListed(target, await listed(), ', and nothing earlier is kept of it');
    const name = shownName('path' in target ? target.path : text);
    if (room.json) room.out(`${JSON.stringify(answer)}\n`);
    else
      room.out(
        answer.versions.length > 0
          ? versionsText(answer.versions, room.columns)
          : `Nothing earlier is kept of ${name}.\n`,
      );
  });
  return EXIT_OK;
}

const awayText = (side: Side): string => `Side ${side} is away: what it keeps is not in this list.\n`;
