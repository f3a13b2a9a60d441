// The page of server-a as its clients ask for it: an address that opens it under the name of the one who asks.
import { SyncError } from '../../core/errors.js';
import type { Actor, Person } from '../../core/person.js';

/** The page, where it is served. */
export interface Page {
  /** @returns an address that signs `user` in, once. */
  addressFor(user: Actor): string;
}

/** The name where none is given. */
const SOMEBODY = 'page';

/** @throws SyncError `failed` where no page is served. */
export function addressOfPage(page: Page | null, person: Person | null, owner = SOMEBODY): { address: string } {
  if (page === null) throw noPage();
  return { address: page.addressFor({ name: person?.name ?? owner, person }) };
}

const noPage = (): SyncError =>
  new SyncError('failed', 'This server-a serves no page.', {
    hint: 'Start it with --web PORT (0 is any free port), such as: server-a --web 8082.',
  });
