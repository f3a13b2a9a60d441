// Signing in: the token in the address is exchanged for a cookie, once, and leaves the address bar and the history.

import type { Side } from '../../../core/path.js';
import type { Role } from '../../../core/person.js';
import { tokenIn } from '../words/route.js';

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

/** Takes the token out of the address and gives it to the server; does nothing where there is none. */
export async function signIn(): Promise<void> {
  const token = tokenIn(location.hash);
  if (token === null) return;
  history.replaceState(null, '', location.pathname);
  const headers = { 'content-type': 'application/json' };
  await fetch('/session', { method: 'POST', headers, body: JSON.stringify({ token }) });
}

/** @returns who looks; null where nobody is signed in. @throws TypeError where the server does not answer. */
export async function whoIsThere(): Promise<Me | null> {
  const answer = await fetch('/me', { cache: 'no-store' });
  return answer.ok ? ((await answer.json()) as Me) : null;
}
