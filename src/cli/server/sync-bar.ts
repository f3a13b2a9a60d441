// Shows the progress of the work after a connection in the last line of a server's log on a terminal. It appears only
// for longer work and is removed at in-sync. Log lines are written above it; without a terminal nothing is drawn.
import type { SyncEvent } from '../../core/events.js';
import { barText, Rate } from '../progress-bar.js';
import { countText } from '../render/size.js';

/** Shorter work gets no bar, in milliseconds. */
const PATIENCE_MS = 800;
const DRAW_MS = 250;
/** Moves to the beginning of the line and clears it. */
const CLEAR = '\r\u001b[K';

/** The remaining work. */
export interface Left {
  readonly files: number;
  readonly bytes: number;
}

/** The part of a terminal that a bar needs. */
interface BarTerminal {
  readonly columns?: number;
  write(text: string): unknown;
}

const NOTHING: Left = { files: 0, bytes: 0 };

export class SyncBar {
  readonly #terminal: BarTerminal | null;
  readonly #now: () => number;

  #timer: NodeJS.Timeout | null = null;
  #left: () => Left = () => NOTHING;
  #line = '';
  #work: Work | null = null;

  /**
   * @param terminal where to draw; null for none.
   * @param now returns a monotonic time in milliseconds.
   */
  constructor(terminal: BarTerminal | null, now: () => number = () => performance.now()) {
    this.#terminal = terminal;
    this.#now = now;
  }

  /** @param left returns the remaining work. */
  follow(left: () => Left): void {
    this.#left = left;
  }

  /** Receives each event: a connection starts the work, in-sync ends it. */
  event({ event }: SyncEvent): void {
    if (event === 'peer-connected' || event === 'resumed') this.#start();
    else if (event === 'in-sync' || event === 'peer-lost' || event === 'halted') this.stop();
  }

  /** Writes other output in place of the bar. */
  aside(write: () => void): void {
    const line = this.#line;
    this.#show('');
    write();
    this.#show(line);
  }

  /** Removes the bar. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#work = null;
    this.#show('');
  }

  /** Draws the present progress. */
  draw(): void {
    const left = this.#left();
    if (left.files === 0) this.#work = null;
    else this.#work ??= new Work(this.#now());
    this.#work?.note(this.#now(), left);
    this.#show(this.#work?.text(this.#now(), this.#terminal?.columns || 80) ?? '');
  }

  #start(): void {
    if (this.#terminal === null) return;
    this.#timer ??= setInterval(() => this.draw(), DRAW_MS).unref();
  }

  #show(line: string): void {
    if (line === this.#line) return;
    this.#terminal?.write(CLEAR + line);
    this.#line = line;
  }
}

/** The progress of one period of work. New work increases the total and never decreases what is done. */
class Work {
  readonly #since: number;

  #whole = NOTHING;
  #left = NOTHING;
  readonly #rate = new Rate();

  constructor(since: number) {
    this.#since = since;
  }

  note(now: number, left: Left): void {
    const more = (what: keyof Left) => this.#whole[what] + Math.max(0, left[what] - this.#left[what]);
    this.#whole = { files: more('files'), bytes: more('bytes') };
    this.#left = left;
    this.#rate.note(now, this.#whole.bytes - left.bytes);
  }

  text(now: number, columns: number): string {
    if (now - this.#since < PATIENCE_MS) return '';
    const { files, bytes } = this.#whole;
    const name = `${files - this.#left.files} of ${countText(files, 'file')}`;
    if (bytes === 0) return name.slice(0, columns - 1);
    return barText({ name, bytes: bytes - this.#left.bytes, size: bytes, rate: this.#rate.perSecond }, columns);
  }
}
