// The name under which a process locks unless it is given another.
import { hostname, userInfo } from 'node:os';

/** @returns the name under which this process locks unless it gives another: `user@host`. */
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
