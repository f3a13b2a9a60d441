// The one door of all methods for clients: whose request it is, and whether his role may do that. Where no key has proved
// a name, everybody is admin under the name that he gives.
import { SyncError } from '../../core/errors.js';
import { mayDo, notYourName, type Person, type Role } from '../../core/person.js';
import type { ClientMethods } from '../../wire/client-api/methods.js';
import type { Connection } from '../../wire/socket/connection.js';

/** The least role for each method. */
const LEAST: Readonly<Record<keyof ClientMethods, Role>> = {
  hello: 'read',
  ping: 'read',
  list: 'read',
  locks: 'read',
  held: 'read',
  notices: 'read',
  versions: 'read',
  checkIgnore: 'read',
  conflicts: 'read',
  status: 'read',
  plan: 'read',
  transfers: 'read',
  log: 'read',
  watch: 'read',
  web: 'read',
  download: 'read',
  lock: 'user',
  unlock: 'user',
  ask: 'user',
  upload: 'user',
  rename: 'user',
  delete: 'user',
  restore: 'user',
  resolve: 'user',
  flush: 'user',
  pause: 'admin',
  resume: 'admin',
  rescan: 'admin',
  prune: 'admin',
};

/** What of the params of any method the door looks at. */
interface Asked {
  readonly owner?: string;
  readonly force?: boolean;
  readonly steal?: boolean;
}

/**
 * @returns the params of a request that may be carried out, with the name that is proved.
 * @throws SyncError `not-allowed` for another name than the key's, or too low a role.
 */
export function admit<P extends Asked>(method: keyof ClientMethods, params: P, { person = null }: Connection): P {
  if (person === null) return params;
  if (params.owner !== undefined && params.owner !== person.name) throw notYourName(params.owner, person.name);
  const least = params.force === true || params.steal === true ? 'admin' : LEAST[method];
  if (!mayDo(person.role, least)) throw roleTooLow(person, least, whatOf(method, params));
  return method === 'pause' || method === 'resume' ? { ...params, owner: person.name } : params;
}

function whatOf(method: keyof ClientMethods, { force, steal }: Asked): string {
  if (force === true) return 'breaking a lock';
  return steal === true ? 'taking a lock from another' : `"${method}"`;
}

const roleTooLow = ({ name, role }: Person, least: Role, what: string): SyncError =>
  new SyncError('not-allowed', `The role of ${name} is ${role}, but ${what} takes the role ${least}.`, {
    hint: `Ask somebody with the role ${least === 'admin' ? least : `${least} or admin`}, or who keeps the keys for another role.`,
  });

/** @returns the refusal of a client of server-b whose name no key has proved. */
export const nameNotProved = (): SyncError =>
  new SyncError('not-allowed', 'Server-a answers only people with a key, and server-b asks for none.', {
    hint: 'Start server-b with a directory of keys, too: --keys DIR.',
  });
