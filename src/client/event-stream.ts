// The events of a watched pair, on their way from the connection to one consumer: bounded, since the connection is not
// read while too many wait.
import { SyncError } from '../core/errors.js';
import type { SyncEvent } from '../core/events.js';
import { weightOf } from '../wire/frame/budget.js';
import { MAX_QUEUED_EVENTS_BYTES } from '../wire/frame/limits.js';
import type { RpcClient } from '../wire/rpc/caller.js';
import { AsyncQueue } from '../wire/socket/async-queue.js';

/** An event as it is streamed: with the time at which it happened, ISO 8601. */
export type TimedEvent = SyncEvent & { readonly time: string };

/** Events that wait for a slow consumer before the connection is made to wait too. */
const MAX_WAITING = 1_000;

/** Events that are not taken yet. */
export class WaitingEvents {
  readonly queue = new AsyncQueue<TimedEvent>();
  #bytes = 0;

  /** Adds what a notification says. @returns a promise to wait for, where the consumer is behind. */
  add(params: unknown): void | Promise<void> {
    if (typeof params !== 'object' || params === null) return;
    const { id: _id, ...event } = params as { id?: unknown } & TimedEvent;
    if (this.queue.empty) this.#bytes = 0;
    this.queue.put(event as TimedEvent);
    this.#bytes += weightOf(event);
    if (this.queue.size >= MAX_WAITING || this.#bytes >= MAX_QUEUED_EVENTS_BYTES) return this.queue.whenEmpty();
  }
}

/**
 * Everything that happens from now on, in order.
 * @param server whose events they are, for the words.
 * @param signal ends the stream quietly.
 * @throws SyncError `closed` when the server goes away.
 */
export async function* eventsOf(
  caller: RpcClient,
  server: string,
  signal?: AbortSignal,
): AsyncGenerator<TimedEvent, void, void> {
  const waiting = new WaitingEvents();
  const { queue } = waiting;
  const over = new AbortController();
  const stop = () => queue.end();
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) queue.end();
  caller.call('watch', {}, { signal: over.signal, onNotification: (_, params) => waiting.add(params) }).then(
    () => queue.end(new SyncError('closed', `${server} has ended the stream of events.`)),
    (error: Error) => queue.end(error),
  );
  try {
    yield* queue;
  } finally {
    signal?.removeEventListener('abort', stop);
    queue.end();
    over.abort();
  }
}
