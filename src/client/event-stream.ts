// The events of a watched pair for one consumer. While too many wait, the connection is not read, so their memory is
// bounded.
import { SyncError } from '../core/errors.js';
import type { EventPlace, WatchedEvent } from '../core/events.js';
import { isWatchedEvent } from '../wire/client-api/events.js';
import { weightOf } from '../wire/frame/budget.js';
import { MAX_QUEUED_EVENTS_BYTES } from '../wire/frame/limits.js';
import type { RpcClient } from '../wire/rpc/caller.js';
import { AsyncQueue } from '../wire/socket/async-queue.js';

export interface WatchOptions {
  /** Begin after this event: a received event, or the number of an event of the server's present run. */
  readonly since?: EventPlace | number | undefined;
  /** Ends the stream without an error. */
  readonly signal?: AbortSignal | undefined;
}

/** The maximum number of waiting events; with more, the connection is not read. */
const MAX_WAITING = 1_000;

/** Events that are not consumed yet. */
class WaitingEvents {
  readonly queue = new AsyncQueue<WatchedEvent>();
  #bytes = 0;

  /**
   * Adds the event of a notification; what is no event is ignored.
   * @returns a promise to wait for where too many events wait.
   */
  add(params: unknown): void | Promise<void> {
    if (typeof params !== 'object' || params === null) return;
    const { request: _request, ...event } = params as { readonly request?: unknown };
    if (!isWatchedEvent(event)) return;
    if (this.queue.empty) this.#bytes = 0;
    this.queue.put(event);
    this.#bytes += weightOf(event);
    if (this.queue.size >= MAX_WAITING || this.#bytes >= MAX_QUEUED_EVENTS_BYTES) return this.queue.whenEmpty();
  }
}

/**
 * Streams all events from now on, or after `since`, in order.
 * @param server the name of the server, for error messages.
 * @throws SyncError `closed` when the server disconnects.
 */
export async function* eventsOf(
  caller: Pick<RpcClient, 'call'>,
  server: string,
  { since, signal }: WatchOptions = {},
): AsyncGenerator<WatchedEvent, void, void> {
  const waiting = new WaitingEvents();
  const { queue } = waiting;
  const over = new AbortController();
  const stop = () => queue.end();
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) queue.end();
  caller
    .call('watch', placeOf(since), { signal: over.signal, onNotification: (_, params) => waiting.add(params) })
    .then(
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

function placeOf(since: EventPlace | number | undefined): { since?: number; run?: string } {
  if (since === undefined) return {};
  return typeof since === 'number' ? { since } : { since: since.id, run: since.run };
}
