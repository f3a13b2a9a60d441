// The events of one run of a server: numbered in the order in which they are said, the latest of them kept in memory, so
// that whoever watches can go on where he was. Kept are 10,000, or as many as fit into the memory for them.
import { randomBytes } from 'node:crypto';
import type { NumberedEvent, SyncEvent } from '../../core/events.js';
import type { Logger, ServerLogger } from '../../log.js';
import { weightOf } from '../../wire/frame/budget.js';
import { MAX_KEPT_EVENTS, MAX_KEPT_EVENTS_BYTES } from '../../wire/frame/limits.js';

const RUN_BYTES = 6;

interface Kept {
  readonly event: NumberedEvent;
  /** What it takes in memory, in bytes. */
  readonly weight: number;
}

interface HistoryOptions {
  readonly run?: string;
  /** The present. */
  readonly now?: () => Date;
  readonly maxBytes?: number;
}

export class EventHistory {
  /** Names this run of the server. */
  readonly run: string;
  readonly #now: () => Date;
  readonly #maxBytes: number;
  /** The event with the number n stands at n modulo the length. */
  readonly #ring: (Kept | undefined)[] = new Array(MAX_KEPT_EVENTS);
  readonly #listeners = new Set<(event: NumberedEvent) => void>();
  readonly #counts = new Map<SyncEvent['event'], number>();
  #first = 1;
  #last = 0;
  #bytes = 0;

  constructor({
    run = randomBytes(RUN_BYTES).toString('hex'),
    now = () => new Date(),
    maxBytes = MAX_KEPT_EVENTS_BYTES,
  }: HistoryOptions = {}) {
    this.run = run;
    this.#now = now;
    this.#maxBytes = maxBytes;
  }

  /** The number of the latest event; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** The number of the oldest event that is kept; where none is, that of the next event. */
  get first(): number {
    return this.#first;
  }

  /** @returns how often such an event was added. */
  count(event: SyncEvent['event']): number {
    return this.#counts.get(event) ?? 0;
  }

  /** Numbers `event`, keeps it and tells whoever listens. */
  add(event: SyncEvent): NumberedEvent {
    const id = this.#last + 1;
    const numbered: NumberedEvent = { time: this.#now().toISOString(), run: this.run, id, ...event };
    const weight = weightOf(numbered);
    if (id - this.#first === MAX_KEPT_EVENTS) this.#drop();
    this.#ring[id % MAX_KEPT_EVENTS] = { event: numbered, weight };
    this.#last = id;
    this.#counts.set(event.event, this.count(event.event) + 1);
    this.#bytes += weight;
    while (this.#bytes > this.#maxBytes && this.#first < id) this.#drop();
    for (const listener of this.#listeners) listener(numbered);
    return numbered;
  }

  /** @returns the event with this number; null where it is not kept. */
  at(id: number): NumberedEvent | null {
    if (id < this.#first || id > this.#last) return null;
    return this.#ring[id % MAX_KEPT_EVENTS]!.event;
  }

  /** Adds a listener for each later event. @returns a function that removes it. */
  listen(listener: (event: NumberedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** @returns a logger whose events are numbered and kept before `log` gets them. */
  before(log: ServerLogger): Logger {
    return { ...log, event: (event) => log.event(this.add(event)) };
  }

  #drop(): void {
    const at = this.#first % MAX_KEPT_EVENTS;
    this.#bytes -= this.#ring[at]!.weight;
    this.#ring[at] = undefined;
    this.#first++;
  }
}
