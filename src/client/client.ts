// The typed client, which programs import and on which the command line is built. It exchanges `hello` first, joins
// results that arrive in several parts, and keeps every sent line within the server's limit.
import type { WatchedEvent } from '../core/events.js';
import type { Side } from '../core/path.js';
import { notYourName } from '../core/person.js';
import type { Acted, Confirmation, Flushed, Target } from '../wire/client-api/methods.js';
import type { NoticeRow } from '../wire/client-api/notice.js';
import type { Pruned } from '../wire/client-api/pruned.js';
import { SERVER_SILENCE } from '../wire/frame/limits.js';
import { RpcClient } from '../wire/rpc/caller.js';
import { givenSecret } from '../wire/socket/secret.js';
import { dial } from '../wire/socket/tcp.js';
import type { Downloaded, DownloadOptions } from './download.js';
import { eventsOf, type WatchOptions } from './event-stream.js';
import { type AskOptions, Locking, type LockOptions, type TargetResult, type UnlockOptions } from './locks.js';
import { Queries } from './queries.js';
import { Requests } from './requests.js';
import { type Address, addressOf, addressText, DEFAULT_SERVER, unreachable } from './server-address.js';
import { asTarget, inLines } from './targets.js';
import type { TransferOptions } from './transfers.js';
import type { Content, UploadOptions } from './upload.js';
import { defaultUser } from './user-name.js';

const DIAL_MS = 5_000;
const ANSWER_MS = 60_000;
/** The time that the answer to a flush may take beyond the requested time, in milliseconds. */
const FLUSH_GRACE_MS = 10_000;
/** Longer timers would fire at once, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface ConnectOptions {
  /** The address of server-a: `HOST:PORT`, or its parts; by default 127.0.0.1:8080. */
  readonly server?: string | Address;
  /** The name that locks and unlocks; by default that of the key, else `user@host` of this process. */
  readonly user?: string;
  /** The maximum time for connecting (by default 5,000) and for each answer (by default 60,000), in milliseconds. */
  readonly timeoutMs?: number;
  /** The file with a key or with the servers' secret, where they have one; it must be readable only by its owner. */
  readonly secretFile?: string | undefined;
  /** Whether to trust a server of another local user where there is no secret. */
  readonly allowLocal?: boolean | undefined;
  /** The content of that file; used instead of the file. */
  readonly secret?: string | undefined;
  /** The id of a root that the server must serve, as its `.lockstep/identity.json` has it; by default any. */
  readonly root?: string | undefined;
}

/** Which version to put back. */
export type RestoreOptions = { readonly at?: number } | { readonly side: Side; readonly where: string };

export type { AskOptions, LockOptions, TargetResult, UnlockOptions, WaitingPlace } from './locks.js';

/** A connection to server-a. Every method rejects with a SyncError whose `code` says why. */
export class Client extends Queries {
  /** The address of the server. */
  readonly server: Address;
  /** The owner of all locks of this client. */
  readonly user: string;
  /** Resolves when the connection has ended: with the reason, or null after `close()`. */
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
   * Connects to server-a and checks that it speaks the same protocol.
   * @throws SyncError `usage`, `unreachable` (also for other roots), `not-allowed` (the secret, or another name than that of the key), or `failed` for another protocol.
   */
  static async connect(options: ConnectOptions = {}): Promise<Client> {
    const server = addressOf(options.server ?? DEFAULT_SERVER);
    const secret = givenSecret(options);
    const user = userOf(options.user, secret?.person?.name);
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
      await client.#ask.hello(addressText(server), options.root);
    } catch (error) {
      client.close();
      throw error;
    }
    return client;
  }

  /**
   * Locks files for this client's user. Locking a file that the user already holds renews the lock. With `wait`, the
   * targets are locked one after the other in the order of their bytes, so that two requests never wait for each other.
   * @param targets paths, or indexes in the server's present listing.
   * @returns one result for each target, in their order; a refused target does not stop the others.
   * @throws SyncError `interrupted` when `signal` is aborted: then nothing was locked.
   */
  lock(targets: readonly (Target | string | number)[], options: LockOptions = {}): Promise<TargetResult[]> {
    return this.#locking.lock(targets, options);
  }

  /**
   * Unlocks files that this client's user holds. The result for a file that is not locked has `changed: false`.
   * @returns one result for each target, in their order.
   */
  unlock(targets: readonly (Target | string | number)[], options: UnlockOptions = {}): Promise<TargetResult[]> {
    return this.#locking.unlock(targets, options);
  }

  /**
   * Asks the holders of locks to unlock them. A holder is told at once, by an event, and at his next command; the same
   * user asks for the same file at most once a minute.
   * @returns one result for each target, in their order: `changed` where the holder, `owner`, was asked now; `agoMs`
   * where this user asked lately. `owner` is null where nobody holds a lock.
   */
  ask(targets: readonly (Target | string | number)[], options: AskOptions = {}): Promise<TargetResult[]> {
    return this.#locking.askHolders(targets, options);
  }

  /**
   * @returns the locks that this client's user has lost since the last notice, and those that others ask for. Each is
   * returned once, to the first caller.
   */
  notices(): Promise<readonly NoticeRow[]> {
    return this.#locking.notices();
  }

  /**
   * Puts an earlier content back; the present one goes to versions first.
   * @param options which one: `at`, 1 (unless given) is the newest; or the `side` and the place of a row of versions.
   * @throws SyncError `not-found`, `locked`, `exists`.
   */
  restore(target: Target | string | number, options: RestoreOptions = {}): Promise<Acted> {
    const params = { target: asTarget(target), owner: this.user, ...options };
    return this.#ask.call('restore', params, MAX_TIMER_MS);
  }

  /**
   * Removes the versions that are older than `olderMs` milliseconds, on both sides.
   * @param options `dryRun`: only counts them. `before`: the moments that an earlier call returned, milliseconds since
   *   1970 by the clock of each side: removes exactly what that call counted, whatever `olderMs` is.
   * @returns what was removed, or would be, and up to which moment; null for a side that is away. `failed`: why one side
   *   has removed nothing more, although the other has.
   */
  pruneVersions(
    olderMs: number,
    options: { readonly dryRun?: boolean; readonly before?: { readonly a?: number; readonly b?: number } } = {},
  ): Promise<Pruned> {
    return this.#ask.call('prune', { olderMs, ...options }, MAX_TIMER_MS);
  }

  /**
   * Stores a file in the pair. Missing directories are created; a replaced file goes to versions.
   * @param source the name of a local file, or a content as a stream; a stream needs `options.size`.
   * @param path in the pair. With `options.name`, the file goes under that name into a directory at `path`.
   * @returns `{path, changed, created, size, hash}`, once the file is durable on side a.
   * @throws SyncError `exists`, `locked`, `bad-path`, `halted`, `interrupted`, `failed`; then nothing was changed.
   */
  async upload(source: string | Content, path: string, options: UploadOptions = {}): Promise<Acted> {
    const { uploadFrom } = await import('./upload.js'); // most commands transfer nothing
    return uploadFrom(this.#rpc, this.user, source, path, options);
  }

  /**
   * Copies a file from the pair: exactly one version, complete and verified, even if the file changes meanwhile. An
   * interrupted download is resumed.
   * @param destination a local file, or a directory for it.
   * @throws SyncError `not-found`, `exists`, `busy` where the file keeps changing; `interrupted` or `closed`, with the
   * facts `partial` and `bytes` where a part was kept.
   */
  async download(
    target: Target | string | number,
    destination: string,
    options: DownloadOptions = {},
  ): Promise<Downloaded> {
    const { saveDownload } = await import('./download.js');
    return saveDownload(this.#rpc, asTarget(target), destination, options);
  }

  /**
   * Reads a file of the pair without saving it. The content is complete and verified only after the iteration has
   * ended.
   * @throws SyncError as `download`.
   */
  async *read(target: Target | string | number, options: TransferOptions = {}): AsyncGenerator<Buffer, void, void> {
    const { readContent } = await import('./transfers.js');
    yield* readContent(this.#rpc, asTarget(target), options);
  }

  /**
   * Renames a file or a directory without transferring its content. Missing directories are created, and the user's
   * lock moves along.
   * @param to its new path in the pair.
   * @param options `overwrite`: whether a file there may be replaced; it goes to versions.
   * @throws SyncError `not-found`, `exists`, `locked`, `usage` for a directory that would move into itself.
   */
  rename(target: Target | string | number, to: string, options: { readonly overwrite?: boolean } = {}): Promise<Acted> {
    return this.#ask.call('rename', { target: asTarget(target), to, owner: this.user, ...options }, MAX_TIMER_MS);
  }

  /**
   * Deletes files; their contents go to versions.
   * @param options `recursive`: whether to delete directories with everything in them.
   * @returns one result for each target, in their order; a refused target does not stop the others.
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
   * Resolves the conflict copies of a file, or one of them.
   * @param target the file, or the copy.
   * @param keep the side whose content gets the name; `both` renames each copy to a plain name.
   * @throws SyncError `not-found`, `locked`.
   */
  resolve(target: Target | string | number, keep: Side | 'both'): Promise<Acted> {
    return this.#ask.call('resolve', { target: asTarget(target), owner: this.user, keep }, MAX_TIMER_MS);
  }

  /**
   * Waits until every change that was made on either side before the call is on both sides. Held updates, conflicts and
   * problems are not waited for.
   * @param options `timeoutMs`: the maximum time in milliseconds; by default 60,000.
   * @throws SyncError `timeout`, or `halted`.
   */
  flush(options: { readonly timeoutMs?: number } = {}): Promise<Flushed> {
    const timeoutMs = options.timeoutMs ?? 60_000;
    return this.#ask.call('flush', { timeoutMs }, Math.min(timeoutMs + FLUSH_GRACE_MS, MAX_TIMER_MS));
  }

  /** Makes both sides scan everything; returns at once. */
  async rescan(): Promise<void> {
    await this.#ask.call('rescan', {});
  }

  /** @returns an address that opens the page of server-a under this client's name; it serves once, for ten minutes. */
  web(): Promise<{ readonly address: string }> {
    return this.#ask.call('web', { owner: this.user });
  }

  /** Stops carrying changes until `resume`, also after a restart of server-a. */
  pause(): Promise<{ readonly changed: boolean }> {
    return this.#ask.call('pause', { owner: this.user });
  }

  /** Continues after `pause`, or after a halt that `options` confirm. */
  resume(options: Confirmation = {}): Promise<{ readonly changed: boolean }> {
    return this.#ask.call('resume', { ...options, owner: this.user });
  }

  /**
   * Streams all events from now on, or after `options.since`, in order and each once. Where events are missing, because
   * they are no longer stored or belong to an earlier run of the server, a `gap` takes their place.
   * @throws SyncError `closed` when the server disconnects.
   */
  watch(options: WatchOptions = {}): AsyncGenerator<WatchedEvent, void, void> {
    return eventsOf(this.#rpc, `server-a at ${addressText(this.server)}`, options);
  }

  /** Streams all events from now on, like `watch`. @param signal ends the stream without an error. */
  events(signal?: AbortSignal): AsyncGenerator<WatchedEvent, void, void> {
    return this.watch({ signal });
  }

  /** Closes the connection; running calls reject with `closed`. */
  close(): void {
    this.#rpc.close();
  }
}

/** @throws SyncError `not-allowed` where `asked` is another name than the key proves. */
function userOf(asked: string | undefined, proved: string | undefined): string {
  if (asked === undefined || proved === undefined || asked === proved) return asked ?? proved ?? defaultUser();
  throw notYourName(asked, proved);
}
