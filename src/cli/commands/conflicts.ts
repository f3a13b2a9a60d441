// `client conflicts`: the conflict copies, and what became of the files that they are copies of.

import type { Room } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';
import { conflictsText } from '../render/conflicts.js';

export async function conflicts(room: Room): Promise<number> {
  const answer = await (await room.api()).conflicts();
  if (room.json) room.out(`${JSON.stringify(answer)}\n`);
  else
    room.out(
      answer.conflicts.length > 0 ? conflictsText(answer.conflicts, room.columns) : 'There is no conflict copy.\n',
    );
  return EXIT_OK;
}
