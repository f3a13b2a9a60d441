// POST /rpc: one request of the client protocol, answered as on the wire. Rows that arrive in several parts are joined in
// the result; with `Accept: application/x-ndjson` every message is passed on as a line at once.
import type { ServerResponse } from 'node:http';
import { SyncError } from '../../core/errors.js';
import { quote } from '../../core/path.js';
import type { Actor } from '../../core/person.js';
import type { ClientMethods } from '../../wire/client-api/methods.js';
import { clientParams } from '../../wire/client-api/params.js';
import { toFailure } from '../../wire/frame/errors.js';
import { asObject } from '../../wire/frame/json.js';
import { sendJson } from '../answer.js';
import { readJson } from '../body.js';
import type { SignedIn } from '../visit.js';
import { write } from '../writing.js';

/** Where the rows of a method stand in its result. */
const ROWS: Readonly<Partial<Record<string, string>>> = {
  list: 'entries',
  locks: 'locks',
  held: 'held',
  versions: 'versions',
  conflicts: 'conflicts',
  plan: 'plan',
  log: 'events',
} satisfies Partial<Record<keyof ClientMethods, string>>;

/** What has an address of its own instead. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  watch: 'Read the events at /events.',
  upload: 'Send the file to /files/PATH with PUT.',
  download: 'Read the file at /files/PATH.',
};

type Id = number | string | null;

interface Asked {
  readonly id: Id;
  readonly method: string;
  readonly params: object;
}

export async function answerRpc(visit: SignedIn): Promise<void> {
  const { req, res, session, connect } = visit;
  const isLines = (req.headers.accept ?? '').includes('application/x-ndjson');
  let id: Id = null;
  try {
    const value = await readJson(req);
    id = idOf(value);
    const asked = askedOf(value, id, session.user);
    const answer = isLines ? new Lines(res, id) : new Whole(res, id, ROWS[asked.method]);
    const { result } = await connect().call(asked.method, asked.params, {
      onNotification: (name, params) => answer.notification(name, params),
    });
    answer.result(result as object);
  } catch (error) {
    if (!(error instanceof SyncError) || 'status' in error) throw error;
    if (res.headersSent && !isLines) return void res.destroy();
    const failure = { jsonrpc: '2.0', id, error: toFailure(error) };
    if (isLines) new Lines(res, id).end(failure);
    else sendJson(res, 200, failure);
  }
}

/** The messages as lines, each at once. */
class Lines {
  readonly #res: ServerResponse;
  readonly #id: Id;

  constructor(res: ServerResponse, id: Id) {
    this.#res = res;
    this.#id = id;
  }

  notification(method: string, params: object): Promise<void> | undefined {
    return this.#line({ jsonrpc: '2.0', method, params: { ...params, id: this.#id } });
  }

  result(result: object): void {
    this.end({ jsonrpc: '2.0', id: this.#id, result });
  }

  end(message: object): void {
    void this.#line(message);
    this.#res.end();
  }

  #line(message: object): Promise<void> | undefined {
    if (!this.#res.headersSent) this.#res.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
    return write(this.#res, `${JSON.stringify(message)}\n`);
  }
}

/** One response. Rows are written as they come, so that a long listing takes no memory. */
class Whole {
  readonly #res: ServerResponse;
  readonly #id: Id;
  readonly #key: string | undefined;
  #hasBegun = false;

  constructor(res: ServerResponse, id: Id, key: string | undefined) {
    this.#res = res;
    this.#id = id;
    this.#key = key;
  }

  notification(name: string, { entries }: { readonly entries?: readonly object[] }): Promise<void> | undefined {
    if (name !== 'entries' || !Array.isArray(entries) || this.#key === undefined) return undefined;
    return write(this.#res, this.#begin() + rowsText(entries));
  }

  result(result: object): void {
    if (!this.#hasBegun) {
      sendJson(this.#res, 200, { jsonrpc: '2.0', id: this.#id, result });
      return;
    }
    const { [this.#key!]: last, ...rest } = result as Record<string, unknown>;
    const rows = last as readonly object[];
    const more = JSON.stringify(rest).slice(1);
    this.#res.end(`${rows.length > 0 ? `,${rowsText(rows)}` : ''}]${more === '}' ? '' : ','}${more}}\n`);
  }

  #begin(): string {
    if (this.#hasBegun) return ',';
    this.#hasBegun = true;
    this.#res.writeHead(200, { 'Content-Type': 'application/json' });
    return `{"jsonrpc":"2.0","id":${JSON.stringify(this.#id)},"result":{${JSON.stringify(this.#key)}:[`;
  }
}

const rowsText = (rows: readonly object[]): string => rows.map((row) => JSON.stringify(row)).join(',');

function idOf(value: unknown): Id {
  const id = asObject(value)?.id;
  return typeof id === 'number' || typeof id === 'string' ? id : null;
}

/** @throws SyncError `bad-message`, `unknown-method`, `not-allowed`. */
function askedOf(value: unknown, id: Id, user: Actor): Asked {
  const asked = asObject(value);
  const { jsonrpc, method, params = {} } = asked ?? {};
  const given = asObject(params);
  if (jsonrpc !== '2.0' || typeof method !== 'string' || id === null || given === null) throw noRequest();
  if (Object.hasOwn(ELSEWHERE, method)) {
    throw new SyncError('unknown-method', `${quote(method)} is not served here.`, { hint: ELSEWHERE[method]! });
  }
  return { id, method, params: takesOwner(method) ? { ...given, owner: ownerOf(given.owner, user) } : given };
}

function takesOwner(method: string): boolean {
  if (!Object.hasOwn(clientParams, method)) return false;
  const { entries = {} } = clientParams[method as keyof typeof clientParams] as { readonly entries?: object };
  return 'owner' in entries;
}

/** @throws SyncError `not-allowed` for another name than that of the session. */
function ownerOf(owner: unknown, { name }: Actor): string {
  if (owner === undefined || owner === name) return name;
  throw new SyncError('not-allowed', `This login acts as ${quote(name)}, not as ${quote(owner)}.`, {
    hint: 'Leave the owner out.',
  });
}

const noRequest = (): SyncError =>
  new SyncError('bad-message', 'This is not one request of JSON-RPC 2.0 with an id.', {
    hint: 'Send {"jsonrpc":"2.0","id":1,"method":"list","params":{}}.',
  });
