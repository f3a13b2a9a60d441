// Who is at the other end of a connection: a name that is proved by a key, and what its role allows.

import { SyncError } from './errors.js';
import { quote } from './path.js';

/** The roles, each of which may do what those before it may. */
const ROLES = ['read', 'user', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** A name that a key has proved, and its role. */
export interface Person {
  readonly name: string;
  readonly role: Role;
}

/** Whoever acts, under this name. */
export interface Actor {
  readonly name: string;
  /** Who a key has proved that to be; null where nobody has to prove a name. */
  readonly person: Person | null;
}

/** The name under which the two servers prove themselves to each other. */
export const PEER_NAME = 'peer';

/** The identity of the one secret in a handshake, which therefore is nobody's name. */
export const SECRET_IDENTITY = 'lockstep';

/** @returns whether `role` may do what needs at least `least`. */
export const mayDo = (role: Role, least: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(least);

/** @returns whether `text` is the name of a role. */
export const isRole = (text: string): text is Role => (ROLES as readonly string[]).includes(text);

/**
 * @returns whether a key can have this name: up to 64 ASCII letters, digits and `. _ @ + -`, a letter or a digit first. So
 *   it is a safe file name, and one identity in every handshake.
 */
export const isKeyName = (text: string): boolean =>
  /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/.test(text) && text !== SECRET_IDENTITY;

/** @returns the refusal of a name that is not that of the key. */
export const notYourName = (asked: string, proved: string): SyncError =>
  new SyncError('not-allowed', `The key proves the name ${proved}, not ${quote(asked)}.`, {
    hint: 'Leave --as and LOCKSTEP_USER out, or give the key of that name.',
  });
