// The answering end of one connection. Requests run at the same time up to a limit, params are checked before a handler
// sees them, and every request gets exactly one answer, whatever its handler does.

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

/** A result with raw bytes behind it. */
export interface Answer {
  readonly result: object;
  readonly payload: Buffer;
}

/** Answers one method. A SyncError that it throws is said to the caller; of anything else only that it failed. */
// biome-ignore lint/suspicious/noExplicitAny: the method's schema has checked them; only the handler knows the type
export type Handler = (params: any, call: IncomingCall, payload: Buffer | null) => Promise<object | Answer>;

export interface Method {
  readonly params: GenericSchema;
  readonly handle: Handler;
}

export interface ServeOptions extends Partial<WireLimits> {
  /** Told what a handler threw that was no SyncError: the caller is not, so somebody should be. */
  readonly onFault?: (method: string, error: unknown) => void;
  /** The memory that the requests under way on all connections of a server may take. */
  readonly memory?: SharedBudget;
}

/** @returns the memory for the requests of one server, to be given to each of its connections. */
export const requestMemory = (bytes = MAX_REQUESTS_BYTES): SharedBudget => new SharedBudget(bytes, tooMuch);

/**
 * Answers until the connection ends. A caller that says it will send no more (`nc` does) still gets its answers.
 * @param methods by name; a notification of that name runs its method too, unanswered.
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
  /** By id; what runs for a notification has none and is its own key. */
  readonly #calls = new Map<unknown, ServedCall>();
  readonly #limit: ConcurrencyLimit;
  readonly #silence: Deadline;
  #hungUp = false;

  constructor(connection: Connection, methods: Readonly<Record<string, Method>>, options: WireLimits & ServeOptions) {
    this.#connection = connection;
    this.#methods = methods;
    this.#options = options;
    this.#limit = new ConcurrencyLimit(options.inFlight, options.requestMs);
    this.#silence = new Deadline(options.idleMs, () => this.#onSilence());
  }

  async run(): Promise<void> {
    this.#silence.start();
    // Reading may be held up by a call that waits for its caller, so this cannot wait for the end of the frames.
    void this.#connection.closed.then(() => this.#hangUp());
    let since = performance.now();
    for await (const frame of this.#connection.frames) {
      this.#silence.start();
      const taken = this.#take(frame);
      if (taken !== undefined) await taken;
      // Frames that came together are taken one after the other with nothing in between, unless something is put there.
      if (performance.now() - since < this.#options.burstMs) continue;
      await new Promise((resolve) => setImmediate(resolve));
      since = performance.now();
    }
    this.#hangUp();
    await Promise.race([this.#limit.allDone(), this.#connection.closed]);
    this.#silence.clear();
    this.#connection.close();
    await this.#connection.closed;
  }

  #hangUp(): void {
    this.#hungUp = true;
    for (const call of this.#calls.values()) call.end(callerGone());
  }

  /** Somebody with a call under way waits for us, not we for them; but who has hung up waits for nothing. */
  #onSilence(): void {
    if (this.#limit.idle || this.#hungUp)
      this.#connection.close(new SyncError('timeout', 'It was silent for too long.'));
    else this.#silence.start();
  }

  #take({ message, payload }: Frame): void | Promise<void> {
    // Answers: a server asks nothing, so there is nothing to answer.
    if (!('method' in message)) return;
    return 'id' in message ? this.#request(message, payload) : this.#notification(message, payload);
  }

  async #request(request: Request, payload: Buffer | null): Promise<void> {
    if (this.#calls.has(request.id)) {
      return this.#fail(request.id, new SyncError('bad-message', 'A request with this id is under way.'));
    }
    let giveBack = () => {};
    try {
      const bytes = ITEM_BYTES + weightOf(request.params) + (payload?.length ?? 0);
      giveBack = this.#options.memory?.borrow(bytes) ?? giveBack;
    } catch (error) {
      return this.#fail(request.id, error);
    }
    const call = this.#open(request.id, giveBack);
    // A sign of life waits for nobody's turn: it may be calls that wait for people which have all of them.
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
    if (this.#hungUp) call.end(callerGone());
    return call;
  }

  #close(call: ServedCall): void {
    call.finish();
    this.#calls.delete(call.id ?? call);
  }

  /** A stream that runs ahead of its call's turn holds up everything behind it, `cancel` too: not for ever, then. */
  async #deliver(call: ServedCall, incoming: Incoming): Promise<void> {
    const taken = call.deliver(incoming);
    if (call.begun) return taken;
    const timer = setTimeout(() => call.begun || call.refuse(tooMany(this.#options.inFlight)), this.#options.requestMs);
    await taken;
    clearTimeout(timer);
  }

  async #answer(request: Request, call: ServedCall, payload: Buffer | null): Promise<void> {
    const { id } = request;
    // While answers are not read no more are made: each would hold its rows until then.
    for (let room = this.#connection.room?.(); room; room = this.#connection.room?.()) await room;
    const done = await this.#perform(request, call, payload);
    const sent = 'error' in done ? this.#fail(id, done.error) : this.#succeed(id, done.value);
    // The turn lasts until the answer is on its way, so that answers nobody reads hold up new requests.
    await this.#end(call, sent);
    this.#endIfForeign(done);
  }

  async #end(call: ServedCall, sent: Promise<void>): Promise<void> {
    this.#close(call);
    // A failure to send is the connection's end, which is known already.
    await sent.catch(() => {});
  }

  /** Runs the handler; its failure is a value from here on. */
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

  /** Who sends a handler what is not the protocol, or too much, has had his reply; what else he streams is not read. */
  #endIfForeign(done: object): void {
    const { error } = done as { error?: unknown };
    if (error instanceof SyncError && ENDING.has(error.code)) this.#connection.close(error);
  }

  #succeed(id: number | string, value: object | Answer): Promise<void> {
    const { result, payload } = isAnswer(value) ? value : { result: value, payload: undefined };
    // What cannot be sent (too large, no JSON) must not leave the caller without an answer.
    return this.#connection.send({ id, result }, payload).catch((error) => this.#fail(id, error));
  }

  #fail(id: number | string, error: unknown): Promise<void> {
    return this.#connection.send({ id, error: toFailure(error) });
  }
}

const ENDING: ReadonlySet<ErrorCode> = new Set(['bad-message', 'too-large']);

/** No result that comes from JSON's world holds a buffer, so this cannot be mistaken. */
function isAnswer(value: object): value is Answer {
  return Buffer.isBuffer((value as Partial<Answer>).payload);
}

const unknownMethod = (): SyncError =>
  new SyncError('unknown-method', 'There is no such method.', { hint: 'docs/protocol.md lists the methods.' });

const tooMany = (most: number): SyncError =>
  new SyncError('busy', `There are more than ${most} requests under way on this connection.`, {
    hint: 'Wait for answers before asking more.',
  });

const tooMuch = (): SyncError =>
  new SyncError('busy', `The requests under way take more than ${MAX_REQUESTS_BYTES / 2 ** 20} MiB.`, {
    hint: 'Try again in a moment.',
  });

const cancelled = (): SyncError => new SyncError('interrupted', 'The caller cancelled the call.');

const callerGone = (): SyncError => new SyncError('closed', 'The caller is gone.');
