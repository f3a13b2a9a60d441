// The client end of a connection: it sends requests, receives answers in any order, and passes notifications to the
// call that they belong to. Every call ends with an answer or a SyncError; the end of the connection ends all of them.

import { SyncError } from '../../core/errors.js';
import { closedError, fromFailure } from '../frame/errors.js';
import { asObject } from '../frame/json.js';
import type { Frame, Message, Notification } from '../frame/json-rpc.js';
import type { SilenceLimits } from '../frame/limits.js';
import type { Connection } from '../socket/connection.js';
import { Silence } from '../socket/silence.js';

/** Receives a notification. The next frame is not read before the promise resolves (back-pressure). */
// biome-ignore lint/suspicious/noExplicitAny: what a method's notifications carry is checked by who knows the method
export type OnNotification = (method: string, params: any, payload: Buffer | null) => void | Promise<void>;

interface CallOptions {
  readonly payload?: Buffer;
  /** Receives the notifications that belong to this call. An error that it throws ends the call. */
  readonly onNotification?: OnNotification;
  /** Milliseconds; without it there is no limit, because some calls wait for people. */
  readonly timeoutMs?: number;
  /** Aborting it ends the call with `interrupted` and cancels it on the server. */
  readonly signal?: AbortSignal;
  /** Called with the call's id as soon as the request is queued: notifications for it may follow. */
  readonly started?: (id: number) => void;
}

interface Reply {
  readonly result: unknown;
  readonly payload: Buffer | null;
}

interface Pending {
  readonly onNotification: OnNotification | undefined;
  /** Resolves when the call has ended, in any way. */
  readonly ended: Promise<void>;
  resolve(reply: Reply): void;
  reject(error: unknown): void;
  /** Rejects the call and cancels it on the server. */
  refuse(error: unknown): void;
}

interface RpcClientOptions {
  /** Receives the notifications that belong to no call. An error that it throws ends the connection. */
  readonly onNotification?: OnNotification;
  /** How long the other end may be silent while a call runs; without it there is no limit. */
  readonly silence?: SilenceLimits;
}

export class RpcClient {
  readonly closed: Promise<Error | null>;
  readonly #connection: Connection;
  readonly #onNotification: OnNotification | undefined;
  readonly #pending = new Map<number | string, Pending>();
  #lastId = 0;
  /** Why there are no more answers. */
  #over: SyncError | null = null;
  readonly #silence: Silence | null;

  constructor(connection: Connection, { onNotification, silence }: RpcClientOptions = {}) {
    this.#connection = connection;
    this.#onNotification = onNotification;
    this.closed = connection.closed;
    const ping = () => void connection.send({ id: ++this.#lastId, method: 'ping', params: {} });
    this.#silence =
      silence === undefined ? null : new Silence(silence, ping, () => connection.close(silentFor(silence.endMs)));
    void this.#read();
  }

  /**
   * Sends a request and waits for the answer.
   * @throws SyncError the server's error; `closed` when the connection ends first; `timeout`; `interrupted`.
   */
  call(method: string, params: object, options: CallOptions = {}): Promise<Reply> {
    if (this.#over !== null) return Promise.reject(this.#over);
    if (options.signal?.aborted) return Promise.reject(interrupted(method));
    const id = ++this.#lastId;
    const reply = this.#await(id, method, options);
    this.#connection
      .send({ id, method, params }, options.payload)
      .catch((error) => this.#pending.get(id)?.reject(error));
    options.started?.(id);
    return reply;
  }

  /**
   * Sends a notification; with the id of a call in `params` it belongs to that call.
   * @returns a promise that resolves when more may be sent.
   */
  notify(method: string, params: object, payload?: Buffer, sent?: () => void): Promise<void> {
    return this.#connection.send({ method, params }, payload, sent);
  }

  close(): void {
    this.#connection.close();
  }

  #await(id: number, method: string, { onNotification, timeoutMs, signal }: CallOptions): Promise<Reply> {
    const { promise, resolve, reject } = withResolvers<Reply>();
    const giveUp = (error: SyncError) => {
      reject(error);
      void this.notify('cancel', { id });
    };
    const onAbort = () => giveUp(interrupted(method));
    // After an unusable answer the rest of the answer is not wanted either.
    const refuse = (error: unknown) => giveUp(error as SyncError);
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => giveUp(late(method, timeoutMs)), timeoutMs);
    signal?.addEventListener('abort', onAbort);
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      this.#pending.delete(id);
      if (this.#pending.size === 0) this.#silence?.stop();
    };
    if (this.#pending.size === 0) this.#silence?.broken();
    this.#pending.set(id, { onNotification, ended: promise.then(end, end), resolve, reject, refuse });
    return promise;
  }

  async #read(): Promise<void> {
    let fault: Error | undefined;
    try {
      for await (const frame of this.#connection.frames) {
        const taken = this.#take(frame);
        if (taken !== undefined) {
          this.#silence?.stop();
          await taken;
        }
        if (this.#pending.size > 0) this.#silence?.broken();
      }
    } catch (error) {
      fault = error as Error;
    }
    this.#silence?.clear();
    this.#connection.close(fault);
    this.#end(closedError(this.#connection.remote, fault ?? (await this.#connection.closed)));
  }

  #take({ message, payload }: Frame): void | Promise<void> {
    if ('method' in message) return 'id' in message ? this.#refuse(message) : this.#dispatch(message, payload);
    if ('error' in message && message.id === null) return this.#end(fromFailure(message.error));
    const pending = this.#pending.get(message.id as number);
    if ('error' in message) pending?.reject(fromFailure(message.error));
    else pending?.resolve({ result: message.result, payload });
  }

  #dispatch({ method, params }: Notification, payload: Buffer | null): void | Promise<void> {
    const named = asObject(params);
    const id = named?.request ?? named?.id;
    if (id === undefined) return this.#onNotification?.(method, params, payload);
    // The call has ended while the notification was in transit.
    const pending = this.#pending.get(id as number);
    if (pending?.onNotification === undefined) return;
    try {
      const taken = pending.onNotification(method, params, payload);
      // A call that was given up must not block the others.
      if (taken instanceof Promise) return Promise.race([taken.catch(pending.refuse), pending.ended]);
    } catch (error) {
      pending.refuse(error);
    }
  }

  /** Refuses a request: this end serves none. */
  #refuse({ id }: Extract<Message, { method: string; id: unknown }>): void {
    const data = { code: 'unknown-method', hint: '' } as const;
    void this.#connection.send({ id, error: { code: -32601, message: 'This end serves no requests.', data } });
  }

  #end(error: SyncError): void {
    this.#over ??= error;
    for (const pending of [...this.#pending.values()]) pending.reject(this.#over);
  }
}

/** Promise.withResolvers, which Node 20 lacks. */
function withResolvers<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

const interrupted = (method: string): SyncError =>
  new SyncError('interrupted', `${method.charAt(0).toUpperCase()}${method.slice(1)} was interrupted.`);

const silentFor = (ms: number): SyncError => new SyncError('timeout', `It sent nothing for ${ms / 1000} s.`);

const late = (method: string, ms: number): SyncError =>
  new SyncError('timeout', `No answer to ${method} arrived within ${ms / 1000} s.`, {
    hint: 'Try again, or allow more time.',
  });
