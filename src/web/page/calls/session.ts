// Who looks, as the server knows him.
import type { Side } from '../../../core/path.js';
import type { Role } from '../../../core/person.js';
import { beginning } from './beginning.js';

/** Who looks, by what the server says. */
export interface Me {
  readonly name: string;
  readonly role: Role;
  /** The side on which he works. */
  readonly side: Side;
  readonly version: string;
  /** The run of the server: another one after a restart. */
  readonly run: string;
}

let isFirst = true;

/** @returns who looks; null where nobody is signed in. @throws TypeError where the server does not answer. */
export async function whoIsThere(): Promise<Me | null> {
  const asked = isFirst ? beginning.me : fetch('/me', { cache: 'no-store' });
  isFirst = false;
  const answer = await asked;
  return answer.ok ? ((await answer.json()) as Me) : null;
}
