// The events of a watched pair, on their way from the connection to one consumer: bounded, since the connection is not
// read while too many wait.
import { SyncError } from '../core/errors.js';
import type { SyncEvent } from '../core/events.js';
import { AsyncQueue } from './async-queue.js';
import type { Caller } from './calls.js';

/** An event as it is streamed: with the time at which it happened, ISO 8601. */
export type TimedEvent = SyncEvent & { readonly time: string };

/** Events that wait for a slow consumer before the connection is made to wait too. */
const MAX_WAITING = 1_000;

/** Adds what a notification says. @returns a promise to wait for, where the consumer is behind. */
function addEvent(events: AsyncQueue<TimedEvent>, params: unknown): void | Promise<void> {
  if (typeof params !== 'object' || params === null) return;
  const { id: _id, ...event } = params as { id?: unknown } & TimedEvent;
  events.put(event as TimedEvent);
  if (events.size >= MAX_WAITING) return events.whenEmpty();
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
  const queue = new AsyncQueue<TimedEvent>();
  const over = new AbortController();
  const stop = () => queue.end();
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) queue.end();
  caller.call('watch', {}, { signal: over.signal, onNotification: (_, params) => addEvent(queue, params) }).then(
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
