// The server end of a connection. Requests run concurrently up to a limit, params are checked before a handler gets
// them, and every request gets exactly one answer, whatever its handler does.

import type { GenericSchema } from 'valibot';
import { type ErrorCode, SyncError } from '../../core/errors.js';
import { ITEM_BYTES, SharedBudget, weightOf } from '../frame/budget.js';
import { toFailure } from '../frame/errors.js';
import { asObject } from '../frame/json.js';
import type { Frame, Notification, Request } from '../frame/json-rpc.js';
import { DEFAULT_LIMITS, MAX_REQUESTS_BYTES, type WireLimits } from '../frame/limits.js';
import type { Connection } from '../socket/connection.js';
import { Deadline } from '../socket/deadline.js';
import { type Incoming, type IncomingCall, ServedCall } from './call.js';
import { checkParams } from './params.js';
import { ConcurrencyLimit } from './request-queue.js';

export type { IncomingCall } from './call.js';

/** A result with a payload. */
export interface Answer {
  readonly result: object;
  readonly payload: Buffer;
}

/**
 * Handles one method. A SyncError that it throws is sent to the caller; of any other error the caller learns only that
 * it failed.
 */
// biome-ignore lint/suspicious/noExplicitAny: the method's schema has checked them; only the handler knows the type
type Handler = (params: any, call: IncomingCall, payload: Buffer | null) => Promise<object | Answer>;

export interface Method {
  readonly params: GenericSchema;
  readonly handle: Handler;
}

interface ServeOptions extends Partial<WireLimits> {
  /** Called with errors that are not SyncErrors, for the log. */
  readonly onFault?: (method: string, error: unknown) => void;
  /** The memory limit of the running requests on all connections of a server. */
  readonly memory?: SharedBudget;
}

/** @returns the memory limit for one server, to be shared by all its connections. */
export const requestMemory = (bytes = MAX_REQUESTS_BYTES): SharedBudget => new SharedBudget(bytes, tooMuch);

/**
 * Serves requests until the connection ends. A caller that ends its output (as `nc` does) still gets its answers.
 * @param methods by name; a notification of such a name runs the method without an answer.
 */
export async function serveRpc(
  connection: Connection,
  methods: Readonly<Record<string, Method>>,
  options: ServeOptions = {},
): Promise<void> {
  await new Server(connection, methods, { ...DEFAULT_LIMITS, ...options }).run();
}

class Server {
  readonly #connection: Connection;
  readonly #methods: Readonly<Record<string, Method>>;
  readonly #options: WireLimits & ServeOptions;
  /** By id; a call of a notification has none and is its own key. */
  readonly #calls = new Map<unknown, ServedCall>();
  readonly #limit: ConcurrencyLimit;
  readonly #silence: Deadline;
  #isDisconnected = false;

  constructor(connection: Connection, methods: Readonly<Record<string, Method>>, options: WireLimits & ServeOptions) {
    this.#connection = connection;
    this.#methods = methods;
    this.#options = options;
    this.#limit = new ConcurrencyLimit(options.inFlight, options.requestMs);
    this.#silence = new Deadline(options.idleMs, () => this.#onSilence());
  }

  async run(): Promise<void> {
    this.#silence.start();
    // Reading may be paused by a call that waits for its caller, so the end is not noticed by reading.
    void this.#connection.closed.then(() => this.#onDisconnect());
    let since = performance.now();
    for await (const frame of this.#connection.frames) {
      this.#silence.start();
      const taken = this.#take(frame);
      if (taken !== undefined) await taken;
      // Frames that arrived together are handled without a pause, so other connections need one from time to time.
      if (performance.now() - since < this.#options.burstMs) continue;
      await new Promise((resolve) => setImmediate(resolve));
      since = performance.now();
    }
    this.#onDisconnect();
    await Promise.race([this.#limit.allDone(), this.#connection.closed]);
    this.#silence.clear();
    this.#connection.close();
    await this.#connection.closed;
  }

  #onDisconnect(): void {
    this.#isDisconnected = true;
    for (const call of this.#calls.values()) call.end(callerGone());
  }

  /** While a call runs, it is the caller that waits; but a caller that disconnected does not wait. */
  #onSilence(): void {
    if (this.#limit.idle || this.#isDisconnected)
      this.#connection.close(new SyncError('timeout', 'It sent nothing for too long.'));
    else this.#silence.start();
  }

  #take({ message, payload }: Frame): void | Promise<void> {
    // The server sends no requests, so answers are ignored.
    if (!('method' in message)) return;
    return 'id' in message ? this.#request(message, payload) : this.#notification(message, payload);
  }

  async #request(request: Request, payload: Buffer | null): Promise<void> {
    if (this.#calls.has(request.id)) {
      return this.#fail(request.id, new SyncError('bad-message', 'A request with this id is still running.'));
    }
    let giveBack = () => {};
    try {
      const bytes = ITEM_BYTES + weightOf(request.params) + (payload?.length ?? 0);
      giveBack = this.#options.memory?.borrow(bytes) ?? giveBack;
    } catch (error) {
      return this.#fail(request.id, error);
    }
    const call = this.#open(request.id, giveBack);
    // A ping is answered at once, because waiting calls may use up the limit.
    if (request.method === 'ping') return this.#answer(request, call, payload);
    const accepted = await this.#limit.take(() => this.#answer(request, call, payload));
    if (!accepted) await this.#end(call, this.#fail(request.id, tooMany(this.#options.inFlight)));
  }

  async #notification(notification: Notification, payload: Buffer | null): Promise<void> {
    const { method, params } = notification;
    const call = this.#calls.get(asObject(params)?.id);
    if (call !== undefined) {
      if (method === 'cancel') call.refuse(cancelled());
      else await this.#deliver(call, { method, params, payload });
    } else if (Object.hasOwn(this.#methods, method)) {
      const unanswered = this.#open(null);
      const done = async () => {
        const performed = await this.#perform(notification, unanswered, payload);
        this.#close(unanswered);
        this.#endIfForeign(performed);
      };
      if (!(await this.#limit.take(done))) this.#close(unanswered);
    }
  }

  #open(id: number | string | null, finished?: () => void): ServedCall {
    const call = new ServedCall(id, this.#connection, finished);
    this.#calls.set(id ?? call, call);
    if (this.#isDisconnected) call.end(callerGone());
    return call;
  }

  #close(call: ServedCall): void {
    call.finish();
    this.#calls.delete(call.id ?? call);
  }

  /**
   * Delivers a notification. If its call has not started it blocks everything behind it, also `cancel`, so the time is
   * limited.
   */
  async #deliver(call: ServedCall, incoming: Incoming): Promise<void> {
    const taken = call.deliver(incoming);
    if (call.begun) return taken;
    const timer = setTimeout(() => call.begun || call.refuse(tooMany(this.#options.inFlight)), this.#options.requestMs);
    await taken;
    clearTimeout(timer);
  }

  async #answer(request: Request, call: ServedCall, payload: Buffer | null): Promise<void> {
    const { id } = request;
    // While the caller does not read, no more answers are made, because each would stay in memory.
    for (let room = this.#connection.room?.(); room; room = this.#connection.room?.()) await room;
    const done = await this.#perform(request, call, payload);
    const sent = 'error' in done ? this.#fail(id, done.error) : this.#succeed(id, done.value);
    // The call counts as running until its answer is sent, so that unread answers delay new requests.
    await this.#end(call, sent);
    this.#endIfForeign(done);
  }

  async #end(call: ServedCall, sent: Promise<void>): Promise<void> {
    this.#close(call);
    // A failure to send is reported by the end of the connection.
    await sent.catch(() => {});
  }

  /**
   * Runs the handler.
   * @returns its result or its error.
   */
  async #perform(
    { method: name, params }: Request | Notification,
    call: ServedCall,
    payload: Buffer | null,
  ): Promise<{ value: object | Answer } | { error: unknown }> {
    try {
      const method = Object.hasOwn(this.#methods, name) ? this.#methods[name] : undefined;
      if (method === undefined) throw unknownMethod();
      const checked = checkParams(method.params, params);
      return { value: await call.begin(() => method.handle(checked, call, payload)) };
    } catch (error) {
      if (!(error instanceof SyncError)) this.#options.onFault?.(name, error);
      return { error };
    }
  }

  /** Closes the connection to a caller that violated the protocol, after the answer. */
  #endIfForeign(done: object): void {
    const { error } = done as { error?: unknown };
    if (error instanceof SyncError && ENDING.has(error.code)) this.#connection.close(error);
  }

  #succeed(id: number | string, value: object | Answer): Promise<void> {
    const { result, payload } = isAnswer(value) ? value : { result: value, payload: undefined };
    // The caller has to get an answer even where the result cannot be sent (too large, not JSON).
    return this.#connection.send({ id, result }, payload).catch((error) => this.#fail(id, error));
  }

  #fail(id: number | string, error: unknown): Promise<void> {
    return this.#connection.send({ id, error: toFailure(error) });
  }
}

const ENDING: ReadonlySet<ErrorCode> = new Set(['bad-message', 'too-large']);

/** Results consist of JSON values, which contain no buffers, so this is unambiguous. */
function isAnswer(value: object): value is Answer {
  return Buffer.isBuffer((value as Partial<Answer>).payload);
}

const unknownMethod = (): SyncError =>
  new SyncError('unknown-method', 'There is no such method.', { hint: 'docs/protocol.md lists the methods.' });

const tooMany = (most: number): SyncError =>
  new SyncError('busy', `More than ${most} requests are running on this connection.`, {
    hint: 'Wait for answers before sending more requests.',
  });

const tooMuch = (): SyncError =>
  new SyncError('busy', `The running requests take more than ${MAX_REQUESTS_BYTES / 2 ** 20} MiB.`, {
    hint: 'Try again in a moment.',
  });

const cancelled = (): SyncError => new SyncError('interrupted', 'The caller cancelled the call.');

const callerGone = (): SyncError => new SyncError('closed', 'The caller has disconnected.');
