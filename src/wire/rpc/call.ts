// One request as its handler sees it: the caller, whether it still waits, and the streams in both directions.
import type { SyncError } from '../../core/errors.js';
import { AsyncQueue } from '../socket/async-queue.js';
import type { Connection } from '../socket/connection.js';

/** A notification that belongs to a call. */
export interface Incoming {
  readonly method: string;
  // biome-ignore lint/suspicious/noExplicitAny: checked by the handler, which knows what its method streams
  readonly params: any;
  readonly payload: Buffer | null;
}

export interface IncomingCall {
  /** Null for a notification that runs a method: it gets no answer. */
  readonly id: number | string | null;
  readonly connection: Connection;
  /**
   * Aborted with a SyncError when the caller cancels, disconnects or ends its output. In the last case (as with `nc`)
   * the answer is still delivered: a handler that finishes at once should ignore this signal, a handler that waits
   * should not.
   */
  readonly signal: AbortSignal;
  /**
   * Sends a notification with this call's id in its params, as `id`, or as `request` where they have an `id` of their
   * own.
   * @returns a promise that resolves when more may be sent.
   */
  notify(method: string, params: object, payload?: Buffer, sent?: () => void): Promise<void>;
  /**
   * The caller's notifications for this call, for one consumer. While they are not consumed, the connection is not
   * read. A handler that wants them has to read this property before it first waits; otherwise they are dropped. Throws
   * the signal's reason when no more can arrive; each method defines how a complete stream ends.
   */
  readonly incoming: AsyncIterable<Incoming>;
}

/** A call on the server. */
export class ServedCall implements IncomingCall {
  readonly #finished: () => void;

  readonly id: number | string | null;
  readonly connection: Connection;
  readonly #incoming = new AsyncQueue<Incoming>();
  /** Created on first use, because most calls are answered before. */
  #abort: AbortController | null = null;
  #ended: SyncError | null = null;
  /** Why the handler is not run. */
  #refused: SyncError | null = null;
  #begun = false;
  #streams = false;
  #dropped = false;

  /** @param finished called when the call has been answered. */
  constructor(id: number | string | null, connection: Connection, finished: () => void = () => {}) {
    this.#finished = finished;

    this.id = id;
    this.connection = connection;
  }

  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.#ended !== null) this.#abort.abort(this.#ended);
    }
    return this.#abort.signal;
  }

  get incoming(): AsyncIterable<Incoming> {
    if (this.#dropped) throw new Error('A handler asks for incoming before it first waits: some of it was dropped.');
    this.#streams = true;
    return this.#incoming;
  }

  /** Whether the handler has been started. */
  get begun(): boolean {
    return this.#begun;
  }

  notify(method: string, params: object, payload?: Buffer, sent?: () => void): Promise<void> {
    return this.connection.send({ method, params: this.#named(params) }, payload, sent);
  }

  #named(params: object): object {
    if (this.id === null) return params;
    return 'id' in params ? { request: this.id, ...params } : { ...params, id: this.id };
  }

  /**
   * Runs the handler.
   * @throws SyncError where the call was refused before; and what the handler throws.
   */
  begin<T>(handle: () => Promise<T>): Promise<T> {
    if (this.#refused !== null) throw this.#refused;
    const handling = handle();
    this.#begun = true;
    if (!this.#streams) this.#drop();
    return handling;
  }

  /** @returns a promise that resolves when the notification is consumed or dropped. */
  deliver(incoming: Incoming): Promise<void> {
    this.#incoming.put(incoming);
    if (this.#begun && !this.#streams) this.#drop();
    return this.#incoming.whenEmpty();
  }

  /** Aborts the call. The handler decides what to do; no more notifications arrive. */
  end(why: SyncError): void {
    this.#incoming.end(why);
    this.#ended ??= why;
    this.#abort?.abort(why);
  }

  /** Aborts the call; if the handler has not been started, it is not run, and `why` is the answer. */
  refuse(why: SyncError): void {
    this.#refused ??= why;
    this.end(why);
    if (!this.#begun) this.#incoming.clear();
  }

  /** Frees what is not consumed, after the call was answered. */
  finish(): void {
    this.#finished();
    this.#incoming.end();
    this.#incoming.clear();
  }

  #drop(): void {
    this.#dropped ||= !this.#incoming.empty;
    this.#incoming.clear();
  }
}
