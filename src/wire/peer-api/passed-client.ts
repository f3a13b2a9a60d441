// A client that has connected to server-b, as server-b tells of it on the control connection: server-a opens a connection
// for it, on which it says hello with the client's number, and answers the client there.
import * as v from 'valibot';
import { isKeyName, isRole, type Person, type Role } from '../../core/person.js';
import { MAX_NAME_CHARS, text, whole } from '../rpc/fields.js';
import { checked } from '../rpc/params.js';
import { bad } from './list.js';

/** A client of server-b. */
export interface PassedClient {
  /** Its number among the clients of this run of server-b. */
  readonly client: number;
  /** Where it has connected from. */
  readonly from: string;
  /** Whose key it has proved to server-b; null where that takes no key of a person. */
  readonly person: Person | null;
}

/** The number of a client. */
export const clientNumber = whole(1, Number.MAX_SAFE_INTEGER);

const person = v.object({
  name: v.pipe(v.string(), v.check(isKeyName, 'it is not a name of a key')),
  role: v.pipe(
    v.string(),
    v.check(isRole, 'it is not a role'),
    v.transform((role) => role as Role),
  ),
});
const passed = v.object({ client: clientNumber, from: text(1, MAX_NAME_CHARS), person: v.nullable(person) });

/** @throws SyncError `bad-message`. */
export const passedClientOf = (params: unknown): PassedClient =>
  checked(passed, params, (why) => bad(`a client of server-b, ${why}`));
