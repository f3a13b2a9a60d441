// Who is signed in. The address of the page has a token that serves once, for ten minutes; it is exchanged for a cookie.
// Only hashes are kept of both, and there is a bound to how many there are and how long they live. Logins outlast a restart
// where there is a place to keep them.
import { createHash, randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { Actor, Role } from '../core/person.js';

const SECRET_BYTES = 32;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const TOKEN_MS = 10 * MINUTE_MS;
/** A page that is not used ends after a week, and each after a month. */
const IDLE_MS = 7 * DAY_MS;
export const SESSION_MS = 30 * DAY_MS;
const MAX_TOKENS = 256;
const MAX_SESSIONS = 256;
/** A use is written down so seldom; a crash forgets later ones. */
const USE_KEPT_MS = 60 * MINUTE_MS;

/** Somebody who is signed in. */
export interface PageSession {
  readonly user: Actor;
  /** Aborted when the session ends. */
  readonly ended: AbortSignal;
}

interface KeptToken {
  readonly user: Actor;
  readonly until: number;
}

interface OpenSession extends PageSession {
  readonly end: AbortController;
  readonly until: number;
  used: number;
}

/** A login as it outlasts a restart. Times are milliseconds since 1970. */
export interface KeptLogin {
  /** SHA-256 of the cookie, as hexadecimal digits. */
  readonly hash: string;
  readonly name: string;
  /** What the key that has proved the name allowed; null where nobody had to prove a name. */
  readonly role: Role | null;
  /** When it ends. */
  readonly until: number;
  /** When it was used last. */
  readonly used: number;
}

/** Where logins outlast a restart. */
interface Keeping {
  readonly logins: readonly KeptLogin[];
  /** Keeps these instead. */
  keep(logins: readonly KeptLogin[]): void;
}

const NOT_KEPT: Keeping = { logins: [], keep: () => {} };

export class Sessions {
  readonly #now: () => number;
  /** By the hash of the token; the oldest first. */
  readonly #tokens = new Map<string, KeptToken>();
  /** By the hash of the cookie; the one that was not used for longest first. */
  readonly #sessions = new Map<string, OpenSession>();
  readonly #keeping: Keeping;
  #keptAt = 0;

  /** @param now milliseconds. */
  constructor(now: () => number = Date.now, keeping = NOT_KEPT) {
    this.#now = now;
    this.#keeping = keeping;
    for (const { hash, name, role, until, used } of keeping.logins.slice(-MAX_SESSIONS))
      this.#open(hash, { user: { name, person: role === null ? null : { name, role } }, until, used });
  }

  /** @returns a token that signs `user` in, once. */
  tokenFor(user: Actor): string {
    const token = newSecret();
    for (const [key, { until }] of this.#tokens) if (until <= this.#now()) this.#tokens.delete(key);
    makeRoom(this.#tokens, MAX_TOKENS, () => {});
    this.#tokens.set(hashOf(token), { user, until: this.#now() + TOKEN_MS });
    return token;
  }

  /** @returns the cookie of a new session; null where the token is unknown, used or too old. */
  signIn(token: string): string | null {
    const key = hashOf(token);
    const known = this.#tokens.get(key);
    this.#tokens.delete(key);
    if (known === undefined || known.until <= this.#now()) return null;
    makeRoom(this.#sessions, MAX_SESSIONS, ({ end }) => end.abort());
    const cookie = newSecret();
    const now = this.#now();
    this.#open(hashOf(cookie), { user: known.user, until: now + SESSION_MS, used: now });
    this.#keep();
    return cookie;
  }

  #open(key: string, login: Pick<OpenSession, 'user' | 'until' | 'used'>): void {
    const end = new AbortController();
    setMaxListeners(0, end.signal); // one for each open stream, whose number has a bound of its own
    this.#sessions.set(key, { ...login, end, ended: end.signal });
  }

  #keep(): void {
    this.#keptAt = this.#now();
    this.#keeping.keep(
      Array.from(this.#sessions, ([hash, { user, until, used }]) => ({
        ...{ hash, name: user.name, role: user.person?.role ?? null, until, used },
      })),
    );
  }

  /** @returns the session of a cookie; null where there is none. */
  find(cookie: string): PageSession | null {
    const key = hashOf(cookie);
    const session = this.#sessions.get(key);
    if (session === undefined) return null;
    const now = this.#now();
    if (session.until <= now || session.used + IDLE_MS <= now) {
      this.end(session);
      return null;
    }
    session.used = now;
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    if (now - this.#keptAt >= USE_KEPT_MS) this.#keep();
    return session;
  }

  end(session: PageSession): void {
    for (const [key, known] of this.#sessions) {
      if (known !== session) continue;
      this.#sessions.delete(key);
      known.end.abort();
      this.#keep();
    }
  }

  /** Ends all that runs; what is kept stays. */
  close(): void {
    this.#keep();
    for (const session of this.#sessions.values()) session.end.abort();
    this.#sessions.clear();
    this.#tokens.clear();
  }
}

const newSecret = (): string => randomBytes(SECRET_BYTES).toString('base64url');

/** Secrets are looked up by their hash, so that the time of the look-up tells nothing of them. */
const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** Removes the first ones until another fits. */
function makeRoom<T>(kept: Map<string, T>, most: number, drop: (value: T) => void): void {
  for (const [key, value] of kept) {
    if (kept.size < most) return;
    kept.delete(key);
    drop(value);
  }
}
