// One request as its handler sees it: who asks, whether it is still wanted, and what streams in and out for it.
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
  /** Null for a notification that runs a method: nobody waits for its end. */
  readonly id: number | string | null;
  readonly connection: Connection;
  /**
   * Aborted with a SyncError when the caller cancels, hangs up, or says that it will send no more. In the last case
   * (`nc` does it) the answer is still delivered: what is done at once should not look at this signal, what waits should.
   */
  readonly signal: AbortSignal;
  /**
   * Sends a notification with this call's id in its params, as `id`, or as `request` where they have an `id` of their
   * own; resolves when more may be sent.
   */
  notify(method: string, params: object, payload?: Buffer, sent?: () => void): Promise<void>;
  /**
   * The caller's notifications for this call, for one consumer. While they are not taken the connection is not read, so
   * a handler that wants them asks for this before it first waits; for a handler that does not, they are dropped.
   * Throws the signal's reason when no more can come; a stream that is complete says so in its own terms.
   */
  readonly incoming: AsyncIterable<Incoming>;
}

/** The side of a call that the server holds. */
export class ServedCall implements IncomingCall {
  readonly #finished: () => void;

  readonly id: number | string | null;
  readonly connection: Connection;
  readonly #incoming = new AsyncQueue<Incoming>();
  /** Made when somebody asks for the signal: most calls are answered before. */
  #abort: AbortController | null = null;
  #ended: SyncError | null = null;
  /** Why the handler is not to be run, though its turn has come. */
  #refused: SyncError | null = null;
  #begun = false;
  #streams = false;
  #dropped = false;

  /** @param finished called when it has been answered. */
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

  /** Whether the handler is running. */
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

  /** @returns resolves when it has been taken, or dropped because nobody will. */
  deliver(incoming: Incoming): Promise<void> {
    this.#incoming.put(incoming);
    if (this.#begun && !this.#streams) this.#drop();
    return this.#incoming.whenEmpty();
  }

  /** Ends it from outside: what the handler does with that is its own business, but nothing more comes in. */
  end(why: SyncError): void {
    this.#incoming.end(why);
    this.#ended ??= why;
    this.#abort?.abort(why);
  }

  /** Ends it; if its turn is still to come, the handler is not run and `why` is the answer. */
  refuse(why: SyncError): void {
    this.#refused ??= why;
    this.end(why);
    if (!this.#begun) this.#incoming.clear();
  }

  /** It has been answered: what was not taken never will be. */
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
