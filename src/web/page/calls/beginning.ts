// What a browser runs first, before it fetches the other modules: it signs in, and asks who looks and for the first rows of
// the list. A browser has six connections to a server; behind seventy modules they would come last.
import { tokenIn } from '../words/route.js';

/** More than a large window shows. */
export const FIRST_ROWS = 200;
const JSON_BODY = { 'content-type': 'application/json' };

/** Tells the other pages of this browser, which have the same cookie, that somebody has signed in. */
export const signIns = new BroadcastChannel('lockstep sign-ins');

/** The first answers. Each is for one reader. */
interface Beginning {
  readonly me: Promise<Response>;
  /** The beginning of the list. */
  readonly list: Promise<Response>;
}

/** Takes the token out of the address and gives it to the server; does nothing where there is none. */
async function signIn(): Promise<void> {
  const token = tokenIn(location.hash);
  if (token === null) return;
  history.replaceState(null, '', location.pathname);
  const { ok } = await fetch('/session', { method: 'POST', headers: JSON_BODY, body: JSON.stringify({ token }) });
  if (ok) signIns.postMessage(null);
}

/** @returns what asks for the list in pieces, its rows packed. @param limit the most rows. */
export const listRequest = (id: number, limit?: number): RequestInit => ({
  method: 'POST',
  headers: { ...JSON_BODY, accept: 'application/x-ndjson' },
  body: JSON.stringify({ jsonrpc: '2.0', id, method: 'list', params: { compact: true, limit } }),
});

/** Fetches all modules at once, and runs the main one. */
const loadOthers = (): void => document.head.append(document.querySelector('template')!.content);

const signedIn = signIn().catch(() => {}); // whether the server answers is seen next
export const beginning: Beginning = {
  me: signedIn.then(() => fetch('/me', { cache: 'no-store' })),
  list: signedIn.then(() => fetch('/rpc', listRequest(0, FIRST_ROWS))),
};
void signedIn.then(loadOthers);
for (const answer of [beginning.me, beginning.list]) answer.catch(() => {}); // told to whoever waits for it
