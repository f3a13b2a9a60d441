// One mailbox a server: events are handled one at a time, in the order in which they came, and after all that are there
// comes one turn. Nothing else decides anything.

/** Calls `handle` for each event and `turn` when the box is empty again. */
export class Mailbox<Event> {
  private waiting: Event[] = [];
  private scheduled = false;
  private closed = false;

  constructor(
    private readonly handle: (event: Event) => void,
    private readonly turn: () => void,
  ) {}

  /** Adds an event; what is posted after `close` is dropped. */
  post(event: Event): void {
    if (this.closed) return;
    this.waiting.push(event);
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => this.run());
  }

  close(): void {
    this.closed = true;
    this.waiting = [];
  }

  private run(): void {
    this.scheduled = false;
    const batch = this.waiting;
    this.waiting = [];
    for (const event of batch) if (!this.closed) this.handle(event);
    if (!this.closed) this.turn();
  }
}
