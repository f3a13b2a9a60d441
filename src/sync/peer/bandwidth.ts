// Holds contents back to the rate that either server may use. Each sends its rate to the other, and what sends contents
// waits here before each piece; scans, lists, locks and sums never wait.
//
//   take(bytes): the piece has its place behind those taken before, at the rate that holds now; wait until it is there
//   the lower of both rates holds; a timetable is looked up again every half minute
import { setTimeout as passed } from 'node:timers/promises';
import { lowerOf, type Rate, rateAt, type Timetable } from '../../core/timetable.js';

/** A piece takes at most this part of a second, so that no connection waits long for another's piece. */
const PIECE_SECONDS = 0.25;
const MIN_PIECE_BYTES = 512;
const LOOK_UP_MS = 30_000;

export class Bandwidth {
  readonly #timetable: Timetable | null;

  #told: Rate = null;
  #own: Rate;
  /** When the line is free again, in milliseconds of the monotonic clock. */
  #freeAt = 0;
  #lookUp: NodeJS.Timeout | null = null;
  readonly #listeners = new Set<(rate: Rate) => void>();

  /** @param timetable the limit of this server; null for none. */
  constructor(timetable: Timetable | null = null) {
    this.#timetable = timetable;
    this.#own = this.#rateNow();
    if (timetable !== null && timetable.length > 1) this.#lookUp = setInterval(() => this.#look(), LOOK_UP_MS).unref();
  }

  /** What this server's own limit is now. */
  get own(): Rate {
    return this.#own;
  }

  /** Whether neither server limits anything now. */
  get isFree(): boolean {
    return this.#own === null && this.#told === null;
  }

  /** The limit of the other server; null where it has none or is away. */
  set told(rate: Rate) {
    this.#told = rate;
  }

  /** Calls `listener` when this server's own limit changes. @returns a function that ends that. */
  onChange(listener: (rate: Rate) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Yields `data` in pieces that may be sent now, each when its time has come. */
  async *paced(data: Buffer): AsyncGenerator<Buffer> {
    let sent = 0;
    do {
      const rate = lowerOf(this.#own, this.#told);
      const most = rate === null ? data.length : Math.max(MIN_PIECE_BYTES, Math.floor(rate * PIECE_SECONDS));
      const piece = data.subarray(sent, sent + most);
      if (rate !== null) await this.#take(piece.length, rate);
      sent += piece.length;
      yield piece;
    } while (sent < data.length);
  }

  /** Ends the look-ups. */
  close(): void {
    if (this.#lookUp !== null) clearInterval(this.#lookUp);
  }

  async #take(bytes: number, rate: number): Promise<void> {
    const now = performance.now();
    const begin = Math.max(now, this.#freeAt);
    this.#freeAt = begin + (bytes / rate) * 1000;
    if (begin > now) await passed(begin - now, undefined, { ref: false });
  }

  #rateNow(): Rate {
    return this.#timetable === null ? null : rateAt(this.#timetable, new Date());
  }

  #look(): void {
    const rate = this.#rateNow();
    if (rate === this.#own) return;
    this.#own = rate;
    for (const listener of this.#listeners) listener(rate);
  }
}
