// The typed client: what a program writes against, and what the command line is built on. It says hello first, joins
// results that come in pieces, and keeps every line that it sends within the server's limit.
import { SyncError } from '../core/errors.js';
import type { Side } from '../core/path.js';
import { Caller } from './calls.js';
import { EventQueue, type TimedEvent } from './event-queue.js';
import {
  type Acted,
  type ClientMethods,
  type HeldRow,
  type Listing,
  type LockRow,
  PROTOCOL_VERSION,
  type Refused,
  type Status,
  type Target,
} from './messages.js';
import { type Address, addressOf, addressText, DEFAULT_SERVER, unreachable } from './server-address.js';
import { asTarget, inLines } from './targets.js';
import { dial } from './tcp.js';
import { defaultUser } from './user-name.js';

const DIAL_MS = 5_000;
const ANSWER_MS = 60_000;
/** What a flush's answer may take beyond the time that the server was given. */
const FLUSH_GRACE_MS = 10_000;
/** Beyond this a timer fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface ConnectOptions {
  /** Where server-a listens: `HOST:PORT`, or its parts. 127.0.0.1:8080 unless given. */
  readonly server?: string | Address;
  /** Who locks and unlocks; `user@host` of this process unless given. */
  readonly user?: string;
  /** The longest that connecting (5,000 unless given) and each answer (60,000) may take, in milliseconds. */
  readonly timeoutMs?: number;
}

export interface LockOptions {
  /** Why, for others to read. */
  readonly message?: string;
  /** Where the holder works; changes on the other side are held. Side a unless given. */
  readonly side?: Side;
}

/** What became of one target: done, or refused with the words and the code of an error. */
export type TargetResult = Acted | Refused;

/** A connection to server-a. Every method rejects with a SyncError, whose `code` says why. */
export class Client {
  /** The server that was reached. */
  readonly server: Address;
  /** The owner's name in every lock and unlock of this client. */
  readonly user: string;
  /** Resolves when the connection is over: with the reason, or null after `close()`. */
  readonly closed: Promise<Error | null>;
  readonly #caller: Caller;
  readonly #answerMs: number;

  private constructor(caller: Caller, server: Address, user: string, answerMs: number) {
    this.#caller = caller;
    this.#answerMs = answerMs;
    this.server = server;
    this.user = user;
    this.closed = caller.closed;
  }

  /**
   * Connects to server-a and makes sure that both speak the same protocol.
   * @throws SyncError `usage` for a bad address, `unreachable`, `not-allowed`, or `failed` for a foreign protocol.
   */
  static async connect(options: ConnectOptions = {}): Promise<Client> {
    const server = addressOf(options.server ?? DEFAULT_SERVER);
    const user = options.user ?? defaultUser();
    const connection = await dial({ ...server, timeoutMs: options.timeoutMs ?? DIAL_MS }).catch((error: unknown) => {
      throw unreachable(server, error);
    });
    const client = new Client(new Caller(connection), server, user, options.timeoutMs ?? ANSWER_MS);
    try {
      await client.#hello();
    } catch (error) {
      client.close();
      throw error;
    }
    return client;
  }

  /** @returns the merged listing, sorted by the paths' bytes, with indexes 0 … n-1. */
  async list(): Promise<Listing> {
    const { entries, result } = await this.#joined('list', {}, 'entries');
    return { ...result, entries };
  }

  /** @returns who holds what, since when, and who waits. */
  async locks(): Promise<{ readonly locks: readonly LockRow[] }> {
    const { entries, result } = await this.#joined('locks', {}, 'locks');
    return { ...result, locks: entries };
  }

  /**
   * @param target a path, a number in the server's present listing, or nothing for every file.
   * @returns the held updates in the order in which they will be applied.
   */
  async held(target?: Target | string | number): Promise<{ readonly held: readonly HeldRow[] }> {
    const params = target === undefined ? {} : { target: asTarget(target) };
    const { entries, result } = await this.#joined('held', params, 'held');
    return { ...result, held: entries };
  }

  /**
   * Locks files for this client's user. Locking what the user holds renews it.
   * @param targets paths, or numbers in the server's present listing.
   * @returns one result for each target, in their order; a target that is refused does not stop the others.
   */
  async lock(targets: readonly (Target | string | number)[], options: LockOptions = {}): Promise<TargetResult[]> {
    const results: TargetResult[] = [];
    for (const some of inLines(targets.map(asTarget))) {
      const answer = await this.#call('lock', { targets: some, owner: this.user, ...options });
      results.push(...answer.targets);
    }
    return results;
  }

  /**
   * Unlocks what this client's user holds. What nobody holds comes back with `changed: false`.
   * @returns one result for each target, in their order.
   */
  async unlock(targets: readonly (Target | string | number)[]): Promise<TargetResult[]> {
    const results: TargetResult[] = [];
    for (const some of inLines(targets.map(asTarget))) {
      const answer = await this.#call('unlock', { targets: some, owner: this.user });
      results.push(...answer.targets);
    }
    return results;
  }

  /** @returns the pair at a glance. */
  status(): Promise<Status> {
    return this.#call('status', {});
  }

  /**
   * Returns when every change made on either side before the call is on both; held updates, conflicts and problems apart.
   * @param options `timeoutMs`: how long to try; 60,000 unless given.
   * @throws SyncError `timeout`, or `halted`.
   */
  async flush(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    const timeoutMs = options.timeoutMs ?? 60_000;
    await this.#call('flush', { timeoutMs }, Math.min(timeoutMs + FLUSH_GRACE_MS, LONGEST_TIMER_MS));
  }

  /** Has both sides look at everything anew; returns at once. */
  async rescan(): Promise<void> {
    await this.#call('rescan', {});
  }

  /** Stops carrying changes until `resume`. */
  pause(): Promise<{ readonly changed: boolean }> {
    return this.#call('pause', {});
  }

  /**
   * Goes on after `pause` or after a halt.
   * @param options `acceptDeletes`: the files whose disappearance halted the pair were meant to go.
   */
  resume(options: { readonly acceptDeletes?: boolean } = {}): Promise<{ readonly changed: boolean }> {
    return this.#call('resume', options);
  }

  /**
   * Everything that happens from now on, in order.
   * @param signal ends the stream quietly.
   * @throws SyncError `closed` when the server goes away.
   */
  async *events(signal?: AbortSignal): AsyncGenerator<TimedEvent, void, void> {
    const queue = new EventQueue();
    const over = new AbortController();
    const stop = () => queue.end(null);
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) queue.end(null);
    this.#caller.call('watch', {}, { signal: over.signal, onNotification: (_, params) => queue.add(params) }).then(
      () => queue.end(new SyncError('closed', `${this.#name} has ended the stream of events.`)),
      (error: Error) => queue.end(error),
    );
    try {
      yield* queue;
    } finally {
      signal?.removeEventListener('abort', stop);
      queue.end(null);
      over.abort();
    }
  }

  /** Closes the connection; calls under way reject with `closed`. */
  close(): void {
    this.#caller.close();
  }

  get #name(): string {
    return `server-a at ${addressText(this.server)}`;
  }

  async #hello(): Promise<void> {
    const hello = await this.#call('hello', { protocol: PROTOCOL_VERSION, role: 'client', program: 'lockstep' });
    if (hello?.protocol !== PROTOCOL_VERSION) {
      throw new SyncError(
        'failed',
        `The server at ${addressText(this.server)} speaks version ${hello?.protocol ?? 'unknown'} of the protocol, this client version ${PROTOCOL_VERSION}.`,
        { hint: 'Install the same version of Lockstep on both machines.' },
      );
    }
    if (hello.server !== 'a') {
      throw new SyncError('usage', `${addressText(this.server)} is not server-a.`, {
        hint: 'Clients talk to server-a, on port 8080 unless it was told otherwise.',
      });
    }
  }

  async #call<M extends keyof ClientMethods>(
    method: M,
    params: ClientMethods[M]['params'],
    timeoutMs: number = this.#answerMs,
  ): Promise<ClientMethods[M]['result']> {
    const { result } = await this.#caller.call(method, params, { timeoutMs });
    return result as ClientMethods[M]['result'];
  }

  /** A result that may come in pieces: rows in notifications first, the rest in the answer under `key`. */
  async #joined<M extends 'list' | 'locks' | 'held', K extends keyof ClientMethods[M]['result']>(
    method: M,
    params: ClientMethods[M]['params'],
    key: K,
  ): Promise<{ entries: RowOf<ClientMethods[M]['result'][K]>[]; result: ClientMethods[M]['result'] }> {
    type Row = RowOf<ClientMethods[M]['result'][K]>;
    const parts: (readonly Row[])[] = [];
    const answer = await this.#caller.call(method, params, {
      timeoutMs: this.#answerMs,
      onNotification: (name, some: { entries?: readonly Row[] } | undefined) => {
        if (name === 'entries' && Array.isArray(some?.entries)) parts.push(some.entries);
      },
    });
    const result = answer.result as ClientMethods[M]['result'];
    return { entries: [...parts, (result[key] ?? []) as readonly Row[]].flat() as Row[], result };
  }
}

type RowOf<T> = T extends readonly (infer R)[] ? R : never;
