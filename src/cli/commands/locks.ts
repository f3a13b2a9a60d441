// `client locks`: who holds what since when, why, and who waits.

import type { Room } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';
import { inOrder, locksText } from '../render/locks.js';

export async function locks(room: Room, flags: { readonly mine?: boolean }): Promise<number> {
  const answer = await (await room.api()).locks();
  const sorted = inOrder(answer.locks);
  const some = flags.mine ? sorted.filter(({ owner }) => owner === room.user) : sorted;
  if (room.json) room.out(`${JSON.stringify({ ...answer, locks: some })}\n`);
  else
    room.out(
      some.length > 0 ? locksText(some, room.columns) : flags.mine ? 'You hold no lock.\n' : 'No file is locked.\n',
    );
  return EXIT_OK;
}
