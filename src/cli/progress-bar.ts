// A progress bar on a terminal: bytes, rate, time left. It appears only for longer work and is removed at the end;
// without a terminal there is none. It is drawn by cli-progress.
import type { WriteStream } from 'node:tty';
import { Presets, SingleBar } from 'cli-progress';
import { shortSizeText } from './render/size.js';
import { shownName, widthOf } from './render/width.js';

/** Shorter work gets no bar, in milliseconds. */
const PATIENCE_MS = 400;
/** The period over which the rate is measured, in milliseconds. */
const RATE_MS = 3_000;

/** The progress of one transfer. */
interface Bar {
  /** @param bytes that are done, of `size`; both may change. */
  update(bytes: number, size: number): void;
  /** Removes the bar. */
  stop(): void;
}

const NO_BAR: Bar = { update: () => {}, stop: () => {} };

/**
 * @param terminal where to draw; undefined for none.
 * @param name of the transfer.
 * @param now returns a monotonic time in milliseconds.
 */
export function openBar(terminal: WriteStream | undefined, name: string, now: () => number = Date.now): Bar {
  return terminal?.isTTY === true ? new TerminalBar(terminal, name, now) : NO_BAR;
}

class TerminalBar implements Bar {
  readonly #terminal: WriteStream;
  readonly #name: string;
  readonly #now: () => number;

  #bar: SingleBar | null = null;
  readonly #since: number;
  readonly #rate = new Rate();

  constructor(terminal: WriteStream, name: string, now: () => number) {
    this.#terminal = terminal;
    this.#name = name;
    this.#now = now;

    this.#since = now();
  }

  update(bytes: number, size: number): void {
    const now = this.#now();
    this.#rate.note(now, bytes);
    if (this.#bar === null) {
      if (now - this.#since < PATIENCE_MS) return;
      this.#bar = this.#open(bytes, size);
    }
    this.#bar.setTotal(size);
    this.#bar.update(bytes);
  }

  #open(bytes: number, size: number): SingleBar {
    const bar = new SingleBar(
      {
        stream: this.#terminal,
        format: (_options, { value, total }) =>
          barText({ name: this.#name, bytes: value, size: total, rate: this.#rate.perSecond }, this.#terminal.columns),
        clearOnComplete: true,
        hideCursor: true,
        linewrap: null,
        fps: 10,
        gracefulExit: false,
      },
      Presets.legacy,
    );
    bar.start(size, bytes);
    return bar;
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = null;
  }
}

/** The rate over the last seconds, in bytes a second. */
export class Rate {
  readonly #notes: { readonly at: number; readonly bytes: number }[] = [];

  note(at: number, bytes: number): void {
    const last = this.#notes.at(-1);
    if (last !== undefined && at - last.at < 50) this.#notes.pop();
    this.#notes.push({ at: last !== undefined && at - last.at < 50 ? last.at : at, bytes });
    while (this.#notes.length > 2 && at - this.#notes[0]!.at > RATE_MS) this.#notes.shift();
  }

  get perSecond(): number {
    const [first] = this.#notes;
    const last = this.#notes.at(-1);
    if (first === undefined || last === undefined || last.at === first.at) return 0;
    return ((last.bytes - first.bytes) * 1000) / (last.at - first.at);
  }
}

/** The figures of a bar. */
interface BarState {
  readonly name: string;
  readonly bytes: number;
  readonly size: number;
  /** Bytes a second. */
  readonly rate: number;
}

/** @returns one line that fits `columns`: the figures, then the bar and the name in the remaining columns. */
export function barText({ name, bytes, size, rate }: BarState, columns = 80): string {
  const share = size === 0 ? 1 : Math.min(bytes / size, 1);
  const left = rate > 0 ? `  ${clockOf((size - bytes) / rate)} left` : '';
  const speed = rate > 0 ? `  ${shortSizeText(Math.round(rate))}/s` : '';
  const figures = `${String(Math.floor(share * 100)).padStart(3)} %  ${shortSizeText(bytes)} of ${shortSizeText(size)}${speed}${left}`;
  const context = columns - 1 - figures.length;
  const width = Math.max(0, Math.min(24, Math.floor(context / 3)));
  const filled = Math.round(share * width);
  const bar = width < 4 ? '' : `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}]`;
  const label = shortened(shownName(name), Math.max(0, context - bar.length - 2));
  return [label, bar === '' ? figures : `${bar} ${figures}`]
    .filter((part) => part !== '')
    .join(' ')
    .slice(0, columns - 1);
}

/** @returns the end of `text` that fits `columns`, because names differ there. */
function shortened(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  const kept: string[] = [];
  let context = columns - 1;
  for (const part of [...new Intl.Segmenter().segment(text)].reverse()) {
    context -= widthOf(part.segment);
    if (context < 0) break;
    kept.unshift(part.segment);
  }
  return columns < 2 ? '' : `…${kept.join('')}`;
}

function clockOf(seconds: number): string {
  const whole = Math.min(Math.ceil(seconds), 359_999);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const two = (n: number) => String(n).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
