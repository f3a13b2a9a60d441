// One mailbox a server: events are handled one at a time, in the order in which they came, and after all that are there
// comes one turn. Nothing else decides anything.
import { type Clock, realClock } from '../clock.js';

/** Calls `handle` for each event and `turn` when the box is empty again. */
export class Mailbox<Event> {
  readonly #handle: (event: Event) => void;
  readonly #turn: () => void;
  readonly #clock: Pick<Clock, 'soon'>;
  /** Told what a handler threw, which none should. */
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

  /** Adds an event; what is posted after `close` is dropped. */
  post(event: Event): void {
    if (this.#closed) return;
    this.#waiting.push(event);
    this.wake();
  }

  /** Has a turn taken, though nothing happened. */
  wake(): void {
    if (this.#closed || this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.soon(() => this.#run());
  }

  close(): void {
    this.#closed = true;
    this.#waiting = [];
  }

  /** One event's trouble is not the others'. */
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
