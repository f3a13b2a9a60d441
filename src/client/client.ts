// The typed client: what a program writes against, and what the command line is built on. It says hello first, joins
// results that come in pieces, and keeps every line that it sends within the server's limit.
import type { WatchedEvent } from '../core/events.js';
import type { Side } from '../core/path.js';
import type { Acted, Confirmation, Flushed, NoticeRow, Target } from '../wire/client-api/methods.js';
import { SERVER_SILENCE } from '../wire/frame/limits.js';
import { RpcClient } from '../wire/rpc/caller.js';
import { givenSecret } from '../wire/socket/secret.js';
import { dial } from '../wire/socket/tcp.js';
import { type Downloaded, type DownloadOptions, saveDownload } from './download.js';
import { eventsOf, type WatchOptions } from './event-stream.js';
import { Locking, type LockOptions, type TargetResult, type UnlockOptions } from './locks.js';
import { Queries } from './queries.js';
import { Requests } from './requests.js';
import { type Address, addressOf, addressText, DEFAULT_SERVER, unreachable } from './server-address.js';
import { asTarget, inLines } from './targets.js';
import { readContent, type TransferOptions } from './transfers.js';
import { type Content, type UploadOptions, uploadFrom } from './upload.js';
import { defaultUser } from './user-name.js';

const DIAL_MS = 5_000;
const ANSWER_MS = 60_000;
/** What a flush's answer may take beyond the time that the server was given. */
const FLUSH_GRACE_MS = 10_000;
/** Beyond this a timer fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface ConnectOptions {
  /** Where server-a listens: `HOST:PORT`, or its parts. 127.0.0.1:8080 unless given. */
  readonly server?: string | Address;
  /** Who locks and unlocks; `user@host` of this process unless given. */
  readonly user?: string;
  /** The longest that connecting (5,000 unless given) and each answer (60,000) may take, in milliseconds. */
  readonly timeoutMs?: number;
  /** The file with the servers' secret, where they have one; only its owner may be able to read it. */
  readonly secretFile?: string | undefined;
  /** Whether, without a secret, a server that another local user runs is trusted. */
  readonly allowLocal?: boolean | undefined;
  /** The secret itself, 64 hexadecimal digits; wins over the file. */
  readonly secret?: string | undefined;
}

export type { LockOptions, TargetResult, UnlockOptions, WaitingPlace } from './locks.js';

/** A connection to server-a. Every method rejects with a SyncError, whose `code` says why. */
export class Client extends Queries {
  /** The server that was reached. */
  readonly server: Address;
  /** The owner's name in every lock and unlock of this client. */
  readonly user: string;
  /** Resolves when the connection is over: with the reason, or null after `close()`. */
  readonly closed: Promise<Error | null>;
  readonly #rpc: RpcClient;
  readonly #ask: Requests;
  readonly #locking: Locking;

  private constructor(caller: RpcClient, server: Address, user: string, answerMs: number) {
    const ask = new Requests(caller, answerMs);
    super(ask);
    this.#rpc = caller;
    this.#ask = ask;
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
    const { allowLocal, timeoutMs = DIAL_MS } = options;
    const connection = await dial({ ...server, secret, allowLocal, timeoutMs }).catch((error: unknown) => {
      throw unreachable(server, error);
    });
    const client = new Client(
      new RpcClient(connection, { silence: SERVER_SILENCE }),
      server,
      user,
      options.timeoutMs ?? ANSWER_MS,
    );
    try {
      await client.#ask.hello(addressText(server));
    } catch (error) {
      client.close();
      throw error;
    }
    return client;
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
   * Puts an earlier content back; the present one goes to versions first.
   * @param options `at`: which one, 1 (unless given) is the newest.
   * @throws SyncError `not-found`, `locked`, `exists`.
   */
  restore(target: Target | string | number, options: { readonly at?: number } = {}): Promise<Acted> {
    const params = { target: asTarget(target), owner: this.user, ...options };
    return this.#ask.call('restore', params, MAX_TIMER_MS);
  }

  /**
   * Puts a file into the pair; missing directories are made, and what it replaces goes to versions.
   * @param source a local file's name, or its content as a stream; then `options.size` says how many bytes it has.
   * @param path in the pair. With `options.name`, a directory there gets the file under that name.
   * @returns `{path, changed, created, size, hash}`, once it is durable on side a.
   * @throws SyncError `exists`, `locked`, `bad-path`, `halted`, `interrupted`, `failed`; then nothing was changed.
   */
  upload(source: string | Content, path: string, options: UploadOptions = {}): Promise<Acted> {
    return uploadFrom(this.#rpc, this.user, source, path, options);
  }

  /**
   * Copies a file out of the pair: one version, whole and verified, whatever becomes of it meanwhile. One that was cut is
   * gone on with.
   * @param destination a local file, or a directory to put it into.
   * @throws SyncError `not-found`, `exists`, `busy` where it is written to all the time; `interrupted` or `closed`, with
   *   the facts `partial` and `bytes` where what came is kept.
   */
  download(target: Target | string | number, destination: string, options: DownloadOptions = {}): Promise<Downloaded> {
    return saveDownload(this.#rpc, asTarget(target), destination, options);
  }

  /**
   * Reads a file of the pair without saving it. What was yielded is whole and sound only once the iteration has ended.
   * @throws SyncError as `download`.
   */
  read(target: Target | string | number, options: TransferOptions = {}): AsyncGenerator<Buffer, void, void> {
    return readContent(this.#rpc, asTarget(target), options);
  }

  /**
   * Renames a file or a directory, which moves no content; missing directories are made. The user's lock goes along.
   * @param to its new path in the pair.
   * @param options `overwrite`: whether a file there may be replaced; it goes to versions.
   * @throws SyncError `not-found`, `exists`, `locked`, `usage` for a directory into itself.
   */
  rename(target: Target | string | number, to: string, options: { readonly overwrite?: boolean } = {}): Promise<Acted> {
    return this.#ask.call('rename', { target: asTarget(target), to, owner: this.user, ...options }, MAX_TIMER_MS);
  }

  /**
   * Deletes files; their contents go to versions.
   * @param options `recursive`: directories too, with all that is in them.
   * @returns one result for each target, in their order; a target that is refused does not stop the others.
   */
  async remove(
    targets: readonly (Target | string | number)[],
    options: { readonly recursive?: boolean } = {},
  ): Promise<TargetResult[]> {
    const results: TargetResult[] = [];
    for (const some of inLines(targets.map(asTarget))) {
      const params = { targets: some, owner: this.user, ...options };
      results.push(...(await this.#ask.call('delete', params, MAX_TIMER_MS)).targets);
    }
    return results;
  }

  /**
   * Settles the conflict copies of a file, or one of them.
   * @param target the file, or the copy.
   * @param keep the side whose content shall have the name; `both` gives each copy a plain name of its own.
   * @throws SyncError `not-found`, `locked`.
   */
  resolve(target: Target | string | number, keep: Side | 'both'): Promise<Acted> {
    return this.#ask.call('resolve', { target: asTarget(target), owner: this.user, keep }, MAX_TIMER_MS);
  }

  /**
   * Returns when every change made on either side before the call is on both; held updates, conflicts and problems apart.
   * @param options `timeoutMs`: how long to try; 60,000 unless given.
   * @throws SyncError `timeout`, or `halted`.
   */
  flush(options: { readonly timeoutMs?: number } = {}): Promise<Flushed> {
    const timeoutMs = options.timeoutMs ?? 60_000;
    return this.#ask.call('flush', { timeoutMs }, Math.min(timeoutMs + FLUSH_GRACE_MS, MAX_TIMER_MS));
  }

  /** Has both sides look at everything anew; returns at once. */
  async rescan(): Promise<void> {
    await this.#ask.call('rescan', {});
  }

  /** Stops carrying changes until `resume`. */
  pause(): Promise<{ readonly changed: boolean }> {
    return this.#ask.call('pause', {});
  }

  /** Goes on after `pause`, or after a halt that is confirmed. */
  resume(options: Confirmation = {}): Promise<{ readonly changed: boolean }> {
    return this.#ask.call('resume', options);
  }

  /**
   * Everything that happens from now on, or after `options.since`, in order and nothing twice. Where events are missing,
   * because they are no longer kept or are of an earlier run of the server, a `gap` comes in their place.
   * @throws SyncError `closed` when the server goes away.
   */
  watch(options: WatchOptions = {}): AsyncGenerator<WatchedEvent, void, void> {
    return eventsOf(this.#rpc, `server-a at ${addressText(this.server)}`, options);
  }

  /** The same as `watch` from now on. @param signal ends the stream quietly. */
  events(signal?: AbortSignal): AsyncGenerator<WatchedEvent, void, void> {
    return this.watch({ signal });
  }

  /** Closes the connection; calls under way reject with `closed`. */
  close(): void {
    this.#rpc.close();
  }
}
