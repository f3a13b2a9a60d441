// The typed client: what a program writes against, and what the command line is built on. It says hello first, joins
// results that come in pieces, and keeps every line that it sends within the server's limit.
import { SyncError } from '../core/errors.js';
import type { Side } from '../core/path.js';
import { Asking } from './asking.js';
import { Caller } from './calls.js';
import { unpackRow } from './compact-rows.js';
import { EventQueue, type TimedEvent } from './event-queue.js';
import { Locking, type LockOptions, type TargetResult, type UnlockOptions } from './locking.js';
import type {
  Acted,
  ConflictRow,
  Flushed,
  HeldRow,
  Listing,
  LockRow,
  NoticeRow,
  Status,
  Target,
  Transfers,
  VersionRow,
} from './messages.js';
import { givenSecret } from './secret.js';
import { type Address, addressOf, addressText, DEFAULT_SERVER, unreachable } from './server-address.js';
import { asTarget } from './targets.js';
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
  /** The file with the servers' secret, where they have one; only its owner may be able to read it. */
  readonly secretFile?: string | undefined;
  /** The secret itself, 64 hexadecimal digits; wins over the file. */
  readonly secret?: string | undefined;
}

export type { LockOptions, TargetResult, UnlockOptions, WaitingPlace } from './locking.js';

/** A connection to server-a. Every method rejects with a SyncError, whose `code` says why. */
export class Client {
  /** The server that was reached. */
  readonly server: Address;
  /** The owner's name in every lock and unlock of this client. */
  readonly user: string;
  /** Resolves when the connection is over: with the reason, or null after `close()`. */
  readonly closed: Promise<Error | null>;
  readonly #caller: Caller;
  readonly #ask: Asking;
  readonly #locking: Locking;

  private constructor(caller: Caller, server: Address, user: string, answerMs: number) {
    this.#caller = caller;
    this.#ask = new Asking(caller, answerMs);
    this.#locking = new Locking(this.#ask, user);
    this.server = server;
    this.user = user;
    this.closed = caller.closed;
  }

  /**
   * Connects to server-a and makes sure that both speak the same protocol.
   * @throws SyncError `usage`, `unreachable`, `not-allowed` (the secret), or `failed` for a foreign protocol.
   */
  static async connect(options: ConnectOptions = {}): Promise<Client> {
    const server = addressOf(options.server ?? DEFAULT_SERVER);
    const user = options.user ?? defaultUser();
    const secret = givenSecret(options);
    const connection = await dial({ ...server, secret, timeoutMs: options.timeoutMs ?? DIAL_MS }).catch(
      (error: unknown) => {
        throw unreachable(server, error);
      },
    );
    const client = new Client(new Caller(connection), server, user, options.timeoutMs ?? ANSWER_MS);
    try {
      await client.#ask.hello(addressText(server));
    } catch (error) {
      client.close();
      throw error;
    }
    return client;
  }

  /** @returns the merged listing, sorted by the paths' bytes, with indexes 0 … n-1. */
  async list(): Promise<Listing> {
    const { entries, result } = await this.#ask.joined('list', { compact: true }, 'entries');
    return { ...result, entries: entries.map(unpackRow) };
  }

  /** @returns who holds what, since when, and who waits. */
  async locks(): Promise<{ readonly locks: readonly LockRow[] }> {
    const { entries, result } = await this.#ask.joined('locks', {}, 'locks');
    return { ...result, locks: entries };
  }

  /**
   * @param target a path, a number in the server's present listing, or nothing for every file.
   * @returns the held updates in the order in which they will be applied.
   */
  async held(target?: Target | string | number): Promise<{ readonly held: readonly HeldRow[] }> {
    const params = target === undefined ? {} : { target: asTarget(target) };
    const { entries, result } = await this.#ask.joined('held', params, 'held');
    return { ...result, held: entries };
  }

  /**
   * Locks files for this client's user. Locking what the user holds renews it. With `wait`, targets are taken one after
   * the other in the order of their bytes, so that no two requests can wait for each other for ever.
   * @param targets paths, or numbers in the server's present listing.
   * @returns one result for each target, in their order; a target that is refused does not stop the others.
   * @throws SyncError `interrupted` when `signal` is aborted: then nothing was locked.
   */
  lock(targets: readonly (Target | string | number)[], options: LockOptions = {}): Promise<TargetResult[]> {
    return this.#locking.lock(targets, options);
  }

  /**
   * Unlocks what this client's user holds. What nobody holds comes back with `changed: false`.
   * @returns one result for each target, in their order.
   */
  unlock(targets: readonly (Target | string | number)[], options: UnlockOptions = {}): Promise<TargetResult[]> {
    return this.#locking.unlock(targets, options);
  }

  /** @returns the locks that this client's user has lost since he was told last: each is told once, to whoever asks. */
  notices(): Promise<readonly NoticeRow[]> {
    return this.#locking.notices();
  }

  /**
   * @param target a path, also of a file that is gone, or a number in the server's present listing.
   * @returns the earlier contents that both sides keep of it, the newest first, and the sides that could not be asked.
   */
  async versions(
    target: Target | string | number,
  ): Promise<{ readonly versions: readonly VersionRow[]; readonly away: readonly Side[] }> {
    const { entries, result } = await this.#ask.joined('versions', { target: asTarget(target) }, 'versions');
    return { ...result, versions: entries };
  }

  /**
   * Puts an earlier content back; the present one goes to versions first.
   * @param options `at`: which one, 1 (unless given) is the newest.
   * @throws SyncError `not-found`, `locked`, `exists`.
   */
  restore(target: Target | string | number, options: { readonly at?: number } = {}): Promise<Acted> {
    const params = { target: asTarget(target), owner: this.user, ...options };
    return this.#ask.call('restore', params, LONGEST_TIMER_MS);
  }

  /** @returns every conflict copy, those of one file together, oldest first. */
  async conflicts(): Promise<{ readonly conflicts: readonly ConflictRow[] }> {
    const { entries, result } = await this.#ask.joined('conflicts', {}, 'conflicts');
    return { ...result, conflicts: entries };
  }

  /**
   * Settles the conflict copies of a file, or one of them.
   * @param target the file, or the copy.
   * @param keep the side whose content shall have the name; `both` gives each copy a plain name of its own.
   * @throws SyncError `not-found`, `locked`.
   */
  resolve(target: Target | string | number, keep: Side | 'both'): Promise<Acted> {
    return this.#ask.call('resolve', { target: asTarget(target), owner: this.user, keep }, LONGEST_TIMER_MS);
  }

  /** @returns the pair at a glance. */
  status(): Promise<Status> {
    return this.#ask.call('status', {});
  }

  /** @returns what is being carried now, and what is left to carry. */
  transfers(): Promise<Transfers> {
    return this.#ask.call('transfers', {});
  }

  /**
   * Returns when every change made on either side before the call is on both; held updates, conflicts and problems apart.
   * @param options `timeoutMs`: how long to try; 60,000 unless given.
   * @throws SyncError `timeout`, or `halted`.
   */
  flush(options: { readonly timeoutMs?: number } = {}): Promise<Flushed> {
    const timeoutMs = options.timeoutMs ?? 60_000;
    return this.#ask.call('flush', { timeoutMs }, Math.min(timeoutMs + FLUSH_GRACE_MS, LONGEST_TIMER_MS));
  }

  /** Has both sides look at everything anew; returns at once. */
  async rescan(): Promise<void> {
    await this.#ask.call('rescan', {});
  }

  /** Stops carrying changes until `resume`. */
  pause(): Promise<{ readonly changed: boolean }> {
    return this.#ask.call('pause', {});
  }

  /**
   * Goes on after `pause` or after a halt.
   * @param options `acceptDeletes`: the files whose disappearance halted the pair were meant to go.
   */
  resume(options: { readonly acceptDeletes?: boolean } = {}): Promise<{ readonly changed: boolean }> {
    return this.#ask.call('resume', options);
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
}
