// Events between the connection that brings them and the one consumer that takes them, bounded: while it is full the
// connection is not read.
import { SyncError } from '../core/errors.js';
import type { SyncEvent } from '../core/events.js';
import type { Caller } from './calls.js';

/** An event as it is streamed: with the time at which it happened, ISO 8601. */
export type TimedEvent = SyncEvent & { readonly time: string };

/** Events that wait for a slow consumer before the connection is made to wait too. */
const EVENT_QUEUE = 1_000;

/** For one consumer; ends with a value or an error. */
export class EventQueue {
  #waiting: TimedEvent[] = [];
  #end: { readonly error: Error | null } | null = null;
  #wake: () => void = () => {};
  #drained: () => void = () => {};

  /** @returns a promise to wait for, where the consumer is behind. */
  add(params: unknown): void | Promise<void> {
    if (this.#end !== null || typeof params !== 'object' || params === null) return;
    const { id: _id, ...event } = params as { id?: unknown } & TimedEvent;
    this.#waiting.push(event as TimedEvent);
    this.#wake();
    if (this.#waiting.length < EVENT_QUEUE) return;
    return new Promise((resolve) => {
      this.#drained = resolve;
    });
  }

  end(error: Error | null): void {
    this.#end ??= { error };
    this.#wake();
    this.#drained();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TimedEvent, void, void> {
    for (;;) {
      const some = this.#waiting;
      this.#waiting = [];
      this.#drained();
      yield* some;
      if (this.#waiting.length > 0) continue;
      if (this.#end?.error) throw this.#end.error;
      if (this.#end !== null) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/**
 * Everything that happens from now on, in order.
 * @param server whose events they are, for the words.
 * @param signal ends the stream quietly.
 * @throws SyncError `closed` when the server goes away.
 */
export async function* eventsOf(
  caller: Caller,
  server: string,
  signal?: AbortSignal,
): AsyncGenerator<TimedEvent, void, void> {
  const queue = new EventQueue();
  const over = new AbortController();
  const stop = () => queue.end(null);
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) queue.end(null);
  caller.call('watch', {}, { signal: over.signal, onNotification: (_, params) => queue.add(params) }).then(
    () => queue.end(new SyncError('closed', `${server} has ended the stream of events.`)),
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
