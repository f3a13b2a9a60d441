// Each server has one mailbox: events are handled one at a time, in the order in which they were posted, and one turn
// follows each batch. Nothing else changes the state of the session.
import { type Clock, realClock } from '../clock.js';

/** Calls `handle` for each event and `turn` once the mailbox is empty. */
export class Mailbox<Event> {
  readonly #handle: (event: Event) => void;
  readonly #turn: () => void;
  readonly #clock: Pick<Clock, 'soon'>;
  /** Called with what a handler threw; handlers should not throw. */
  readonly #onFault: (error: unknown) => void;

  #waiting: Event[] = [];
  #scheduled = false;
  #closed = false;

  constructor(
    handle: (event: Event) => void,
    turn: () => void,
    clock: Pick<Clock, 'soon'> = realClock,
    onFault: (error: unknown) => void = (error) => {
      throw error;
    },
  ) {
    this.#handle = handle;
    this.#turn = turn;
    this.#clock = clock;
    this.#onFault = onFault;
  }

  /** Adds an event; events posted after `close` are dropped. */
  post(event: Event): void {
    if (this.#closed) return;
    this.#waiting.push(event);
    this.wake();
  }

  /** Requests a turn without an event. */
  wake(): void {
    if (this.#closed || this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.soon(() => this.#run());
  }

  close(): void {
    this.#closed = true;
    this.#waiting = [];
  }

  /** A handler that throws does not keep the other events from being handled. */
  #attempt(act: () => void): void {
    if (this.#closed) return;
    try {
      act();
    } catch (error) {
      this.#onFault(error);
    }
  }

  #run(): void {
    this.#scheduled = false;
    const batch = this.#waiting;
    this.#waiting = [];
    for (const event of batch) this.#attempt(() => this.#handle(event));
    this.#attempt(this.#turn);
  }
}
