// `client locks`: lists the locks with their owners, reasons and waiters.

import type { CommandContext } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';
import { inOrder, locksText } from '../render/locks.js';
import { sidesOf } from '../side-names.js';

export async function locks(context: CommandContext, flags: { readonly mine?: boolean }): Promise<number> {
  const api = await context.api();
  const answer = await api.locks();
  const sorted = inOrder(answer.locks);
  const some = flags.mine
    ? sorted.filter(({ owner, account }) => owner === context.user || account === context.user)
    : sorted;
  if (context.json) context.out(`${JSON.stringify({ ...answer, locks: some })}\n`);
  else if (some.length === 0) context.out(flags.mine ? 'You hold no lock.\n' : 'No file is locked.\n');
  else context.out(locksText(some, context.columns, await sidesOf(api)));
  return EXIT_OK;
}
