// Signs in and out: the token of the page's address is exchanged for a cookie that no script can read.
import { asObject } from '../../wire/frame/json.js';
import { HttpError } from '../answer.js';
import { readJson } from '../body.js';
import { type PageSession, SESSION_MS, type Sessions } from '../sessions.js';
import type { Visit } from '../visit.js';

interface CookieOptions {
  readonly name: string;
  readonly isSecure: boolean;
}

const MAX_TOKEN_CHARS = 256;

/** @throws HttpError 401 where the token is unknown, used or too old. */
export async function signIn({ req, res }: Visit, sessions: Sessions, cookies: CookieOptions): Promise<void> {
  const token = asObject(await readJson(req))?.token;
  const cookie = typeof token === 'string' && token.length <= MAX_TOKEN_CHARS ? sessions.signIn(token) : null;
  if (cookie === null) throw wrongToken();
  res.writeHead(204, { 'Set-Cookie': cookieText(cookies, cookie, SESSION_MS / 1000) }).end();
}

export function signOut({ res }: Visit, sessions: Sessions, session: PageSession, cookies: CookieOptions): void {
  sessions.end(session);
  res.writeHead(204, { 'Set-Cookie': cookieText(cookies, '', 0) }).end();
}

const cookieText = ({ name, isSecure }: CookieOptions, value: string, seconds: number): string =>
  `${name}=${value}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${seconds}${isSecure ? '; Secure' : ''}`;

const wrongToken = (): HttpError =>
  new HttpError(401, 'not-allowed', 'The address of the page was used before, or is too old.', {
    hint: 'Open a new one, which "client web" prints.',
  });
