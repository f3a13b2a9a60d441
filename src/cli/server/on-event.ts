// The command of --on-event: one process of it for each event, with the event as a line of JSON on its stdin. The server
// never waits for one. How many run, how many events wait, how long one may take and what it may print are bounded.
import type { NumberedEvent } from '../../core/events.js';
import { countText } from '../../core/size-text.js';
import { EventProcess, type EventTimes, type HowEnded } from './event-process.js';

/** A failing command is said at most this often, in milliseconds. */
const SAID_MS = 60_000;

interface EventLimits extends EventTimes {
  /** The processes at one time. */
  readonly running: number;
  /** The events that wait for one. */
  readonly waiting: number;
  /** How long what runs has from the end of the server to SIGKILL, in milliseconds. */
  readonly atEndMs: number;
}

const LIMITS: EventLimits = { running: 4, waiting: 1_000, eachMs: 30_000, graceMs: 2_000, atEndMs: 1_000 };

/** Where it is said how the commands do. */
interface Sayer {
  warn(text: string): void;
  detail(text: string): void;
}

export class EventCommand {
  readonly #command: string;
  readonly #log: Sayer;
  readonly #limits: EventLimits;
  readonly #running = new Set<EventProcess>();
  #waiting: NumberedEvent[] = [];
  /** How many events were left out since it was said that some are. */
  #leftOut = 0;
  #isClosed = false;
  #saidAt = Number.NEGATIVE_INFINITY;
  /** How many failures were not said since one was. */
  #unsaid = 0;

  /** @param command a line for the shell. */
  constructor(command: string, log: Sayer, limits: EventLimits = LIMITS) {
    this.#command = command;
    this.#log = log;
    this.#limits = limits;
  }

  /** Hands an event over; returns at once. */
  event(event: NumberedEvent): void {
    if (this.#isClosed) return;
    if (this.#waiting.length >= this.#limits.waiting && !this.#makeRoom(event)) return;
    this.#waiting.push(event);
    this.#startNext();
  }

  /** Starts nothing more; what runs is killed a moment later. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#waiting = [];
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, this.#limits.atEndMs);
    });
    await Promise.race([Promise.all([...this.#running].map(({ ended }) => ended)), late]);
    clearTimeout(timer);
    this.kill();
  }

  /** Kills what runs. */
  kill(): void {
    this.#isClosed = true;
    for (const one of this.#running) one.kill();
  }

  /** Of too many events those are left out first that tell of a change that was carried. @returns whether there is room. */
  #makeRoom(event: NumberedEvent): boolean {
    if (this.#leftOut++ === 0)
      this.#log.warn(
        `The command of --on-event is too slow: ${this.#limits.waiting} events wait for it, and further ones are left out.`,
      );
    const carried = event.event === 'synced' ? -1 : this.#waiting.findIndex((one) => one.event === 'synced');
    if (carried < 0) return false;
    this.#waiting.splice(carried, 1);
    return true;
  }

  #startNext(): void {
    while (this.#running.size < this.#limits.running && this.#waiting.length > 0) this.#start(this.#waiting.shift()!);
    if (this.#waiting.length > 0 || this.#leftOut === 0) return;
    this.#log.warn(
      `The command of --on-event has caught up; ${countText(this.#leftOut, 'event')} ${this.#leftOut === 1 ? 'was' : 'were'} left out.`,
    );
    this.#leftOut = 0;
  }

  #start(event: NumberedEvent): void {
    const one = new EventProcess(this.#command, event, this.#limits);
    this.#running.add(one);
    void one.ended.then((how) => {
      this.#running.delete(one);
      this.#say(event, how);
      if (!this.#isClosed) this.#startNext();
    });
  }

  #say({ event }: NumberedEvent, { failure, printed }: HowEnded): void {
    const text = printed.trim();
    if (text !== '') this.#log.detail(`The command of --on-event printed (${event}): ${text}`);
    if (failure === null || this.#isClosed) return;
    const now = performance.now();
    if (now - this.#saidAt < SAID_MS) {
      this.#unsaid++;
      return;
    }
    const before = this.#unsaid === 0 ? '' : ` It failed ${countText(this.#unsaid, 'more time')} before that.`;
    const last = text.split('\n').at(-1)!.slice(0, 200);
    this.#log.warn(`The command of --on-event ${failure} (${event})${last === '' ? '.' : `: ${last}`}${before}`);
    this.#saidAt = now;
    this.#unsaid = 0;
  }
}
