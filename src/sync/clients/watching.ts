// A stream of events to one client. It keeps nothing for the client: it knows the number of the next event, and reads
// that from the history once the connection has room. A client that is too slow is told of the gap.
//
//   next = the event after `since`, or the next that is said
//   while there is an event `next` and the connection has room:
//     where it is no longer kept: send a gap, go on with the oldest that is kept
//     send it, next += 1
import type { Gap } from '../../core/events.js';
import type { ClientMethods } from '../../wire/client-api/methods.js';
import type { IncomingCall } from '../../wire/rpc/responder.js';
import type { EventHistory } from '../events/history.js';

/**
 * Sends events until the caller hangs up or cancels.
 * @param since where to go on; null for what happens from now on.
 */
export async function serveWatch(
  history: EventHistory,
  { since, run }: ClientMethods['watch']['params'],
  call: IncomingCall,
): Promise<{ ended: true }> {
  const watching = new Watching(history, call, since === undefined ? null : { id: since, run: run ?? history.run });
  const stop = history.listen(() => watching.send());
  watching.send();
  await watching.over;
  stop();
  return { ended: true };
}

class Watching {
  /** Resolves when nothing more can be sent. */
  readonly over: Promise<void>;
  readonly #history: EventHistory;
  readonly #call: IncomingCall;
  /** The number of the next event; null where it is not known which events the client lacks. */
  #next: number | null;
  #isWaiting = false;
  #end: () => void = () => {};

  constructor(history: EventHistory, call: IncomingCall, since: { id: number; run: string } | null) {
    this.#history = history;
    this.#call = call;
    this.#next = since === null ? history.last + 1 : since.id + 1;
    if (since !== null && (since.run !== history.run || since.id > history.last)) this.#next = null;
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
    const { signal } = call;
    if (signal.aborted) this.#end();
    else signal.addEventListener('abort', () => this.#end(), { once: true });
  }

  /** Sends what is there as far as there is room, and goes on by itself when there is more room. */
  send(): void {
    const { first, last } = this.#history;
    if (this.#isWaiting) return;
    if (this.#next === null || this.#next < first) this.#say(this.#gap(this.#next, first));
    this.#next = Math.max(this.#next ?? first, first);
    while (this.#next <= last && this.#hasRoom()) this.#say(this.#history.at(this.#next++)!);
  }

  /** Where there is no room, sending goes on once there is. */
  #hasRoom(): boolean {
    const room = this.#call.connection.room?.() ?? null;
    this.#isWaiting = room !== null;
    void room?.then(() => {
      this.#isWaiting = false;
      if (!this.#call.signal.aborted) this.send();
    });
    return room === null;
  }

  #gap(next: number | null, first: number): Gap {
    const time = new Date().toISOString();
    return { time, run: this.#history.run, id: first - 1, event: 'gap', missed: next === null ? null : first - next };
  }

  #say(event: object): void {
    this.#call.notify('event', event).catch(() => this.#end());
  }
}
