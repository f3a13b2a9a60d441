// The default owner of locks.
import { hostname, userInfo } from 'node:os';

/** @returns the default owner of this process: `user@host`. */
export function defaultUser(): string {
  return `${userName()}@${hostname()}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'somebody'; // a user id without a name, as in some containers
  }
}
