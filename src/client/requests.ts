// Requests to server-a with a time limit, with results joined that arrive in several parts, and the `hello` that checks
// that both ends speak the same protocol.
import { SyncError } from '../core/errors.js';
import { type ClientMethods, PROTOCOL_VERSION } from '../wire/client-api/methods.js';
import { Budget, ITEM_BYTES, weightOf } from '../wire/frame/budget.js';
import { MAX_ANSWER_BYTES } from '../wire/frame/limits.js';
import type { OnNotification, RpcClient } from '../wire/rpc/caller.js';

/** Methods whose rows may come in pieces. */
type Streaming = 'list' | 'locks' | 'held' | 'versions' | 'conflicts' | 'plan' | 'log';

type RowOf<T> = T extends readonly (infer R)[] ? R : never;

/** The time limit of an answer in milliseconds (null: none), and what to do with notifications before it. */
interface RequestOptions {
  readonly timeoutMs?: number | null;
  readonly onNotification?: OnNotification;
  readonly signal?: AbortSignal;
}

const same = <Row>(row: Row): Row => row;

/** The requests of one client. */
export class Requests {
  readonly #caller: RpcClient;
  readonly #answerMs: number;
  readonly #answerBytes: number;

  /**
   * @param answerMs the default time limit of an answer, in milliseconds.
   * @param answerBytes the memory limit of an answer, in bytes.
   */
  constructor(caller: RpcClient, answerMs: number, answerBytes = MAX_ANSWER_BYTES) {
    this.#caller = caller;
    this.#answerMs = answerMs;
    this.#answerBytes = answerBytes;
  }

  async call<M extends keyof ClientMethods>(
    method: M,
    params: ClientMethods[M]['params'],
    how: number | RequestOptions = this.#answerMs,
  ): Promise<ClientMethods[M]['result']> {
    const { timeoutMs = this.#answerMs, ...options } = typeof how === 'number' ? { timeoutMs: how } : how;
    const limit = timeoutMs === null ? {} : { timeoutMs };
    const { result } = await this.#caller.call(method, params, { ...options, ...limit });
    return result as ClientMethods[M]['result'];
  }

  /**
   * Requests a result that may arrive in several parts: rows in notifications first, the rest in the answer under
   * `key`.
   * @param take converts a row; it is given the row's index.
   * @returns all rows, and the answer.
   * @throws SyncError `too-large` where the rows need more memory than allowed.
   */
  async joined<M extends Streaming, K extends keyof ClientMethods[M]['result']>(
    method: M,
    params: ClientMethods[M]['params'],
    key: K,
    take: (row: RowOf<ClientMethods[M]['result'][K]>, index: number) => RowOf<ClientMethods[M]['result'][K]> = same,
  ): Promise<{ entries: RowOf<ClientMethods[M]['result'][K]>[]; result: ClientMethods[M]['result'] }> {
    type Row = RowOf<ClientMethods[M]['result'][K]>;
    const entries: Row[] = [];
    const budget = new Budget(this.#answerBytes, () => tooLong(method, this.#answerBytes));
    const add = (rows: readonly Row[]) => {
      budget.take(ITEM_BYTES);
      for (const row of rows) {
        const taken = take(row, entries.length);
        budget.take(weightOf(taken));
        entries.push(taken);
      }
    };
    const onNotification: OnNotification = (name, some: { entries?: readonly Row[] } | undefined) => {
      if (name === 'entries' && Array.isArray(some?.entries)) add(some.entries);
    };
    const answer = await this.#caller.call(method, params, { timeoutMs: this.#answerMs, onNotification });
    const result = answer.result as ClientMethods[M]['result'];
    add((result[key] ?? []) as readonly Row[]);
    return { entries, result };
  }

  /**
   * A result that may come in pieces and is not kept.
   * @param take is given the rows of each piece; the connection is not read while it works.
   */
  async inPieces<M extends Streaming, K extends keyof ClientMethods[M]['result']>(
    method: M,
    params: ClientMethods[M]['params'],
    key: K,
    take: (rows: ClientMethods[M]['result'][K]) => void | Promise<void>,
  ): Promise<ClientMethods[M]['result']> {
    const onNotification: OnNotification = (name, some: { entries?: ClientMethods[M]['result'][K] } | undefined) =>
      name === 'entries' && Array.isArray(some?.entries) ? take(some.entries) : undefined;
    const { result: answer } = await this.#caller.call(method, params, { onNotification });
    const result = answer as ClientMethods[M]['result'];
    await take(result[key]);
    return result;
  }

  /**
   * Exchanges `hello`.
   * @param address of the server, for error messages.
   * @param root the id of a root that it must serve; any unless given.
   * @throws SyncError `failed` for another protocol, `usage` where it is not server-a, `unreachable` where it serves
   * other roots.
   */
  async hello(address: string, root?: string): Promise<void> {
    const hello = await this.call('hello', { protocol: PROTOCOL_VERSION, role: 'client', program: 'lockstep' });
    if (hello?.protocol !== PROTOCOL_VERSION) {
      throw new SyncError(
        'failed',
        `The server at ${address} uses version ${hello?.protocol ?? 'unknown'} of the protocol, this client version ${PROTOCOL_VERSION}.`,
        { hint: 'Install the same version of Lockstep on both machines.' },
      );
    }
    if (hello.server !== 'a') {
      throw new SyncError('usage', `${address} is not server-a.`, {
        hint: 'Clients connect to server-a (port 8080 by default), or to a server-b of the same version (8081).',
      });
    }
    if (root !== undefined && hello.roots?.a !== root && hello.roots?.b !== root) throw ofAnotherPair(address);
  }
}

const ofAnotherPair = (address: string): SyncError =>
  new SyncError('unreachable', `The server at ${address} is of another pair than this directory.`, {
    hint: 'The server of this directory has ended. Start it again, or name a server with --server.',
  });

const tooLong = (method: string, most: number): SyncError =>
  new SyncError(
    'too-large',
    `The answer to ${method} has more than ${Math.round(most / 2 ** 20)} MiB and does not end.`,
    {
      hint: 'Check that the program there is your server.',
    },
  );
