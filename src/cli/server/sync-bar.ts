// How far the work has come, in one line at the foot of a server's log on a terminal: there when it takes a while, gone
// at in-sync. Lines of the log are written above it; where there is no terminal nothing is drawn.
import type { SyncEvent } from '../../core/events.js';
import { countText } from '../../core/size-text.js';
import type { Transfers } from '../../wire/client-api/methods.js';
import { barText, Rate } from '../progress-bar.js';

/** What is done sooner needs no bar. */
const PATIENCE_MS = 300;
const DRAW_MS = 250;
/** Moves to the beginning of the line and clears it. */
const CLEAR = '\r\u001b[K';

export type Progress = Pick<Transfers, 'done' | 'left' | 'percent'>;

/** The part of a terminal that a bar needs. */
interface BarTerminal {
  readonly columns?: number;
  write(text: string): unknown;
}

const NO_WORK: Progress = { done: { files: 0, bytes: 0 }, left: { files: 0, bytes: 0 }, percent: 0 };
/** What makes the work go on, and what ends it. */
const BEGINNINGS: ReadonlySet<SyncEvent['event']> = new Set(['peer-connected', 'resumed', 'syncing']);
const ENDS: ReadonlySet<SyncEvent['event']> = new Set(['in-sync', 'peer-lost', 'paused', 'halted']);

export class SyncBar {
  readonly #terminal: BarTerminal | null;
  readonly #now: () => number;

  #timer: NodeJS.Timeout | null = null;
  #progress: () => Progress = () => NO_WORK;
  #line = '';
  /** Since when there is work, and how fast it goes; null while there is none. */
  #work: { readonly since: number; readonly rate: Rate } | null = null;

  /**
   * @param terminal where to draw; null for none.
   * @param now returns a monotonic time in milliseconds.
   */
  constructor(terminal: BarTerminal | null, now: () => number = () => performance.now()) {
    this.#terminal = terminal;
    this.#now = now;
  }

  /** @param progress says at any time how far the work has come. */
  follow(progress: () => Progress): void {
    this.#progress = progress;
  }

  /** Takes note of what was said. */
  event({ event }: SyncEvent): void {
    if (BEGINNINGS.has(event)) this.#start();
    else if (ENDS.has(event)) this.stop();
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
    const progress = this.#progress();
    const now = this.#now();
    if (progress.left.files === 0) this.#work = null;
    else this.#work ??= { since: now, rate: new Rate() };
    this.#work?.rate.note(now, progress.done.bytes);
    const isDue = this.#work !== null && now - this.#work.since >= PATIENCE_MS;
    this.#show(isDue ? lineOf(progress, this.#work!.rate.perSecond, this.#terminal?.columns || 80) : '');
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

function lineOf({ done, left, percent }: Progress, rate: number, columns: number): string {
  const label = `${done.files} of ${countText(done.files + left.files, 'change')}`;
  const size = done.bytes + left.bytes;
  if (size === 0) return label.slice(0, columns - 1);
  return barText({ label, bytes: done.bytes, size, percent, rate }, columns);
}
