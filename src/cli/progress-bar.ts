// A progress bar on a terminal: bytes, rate, time left. It appears only for longer work and is removed at the end;
// without a terminal there is none. It is drawn by cli-progress.
import type { WriteStream } from 'node:tty';
import { Presets, SingleBar } from 'cli-progress';
import { sizeText } from '../core/size-text.js';
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
          barText(
            { name: this.#name, bytes: value, size: total, rate: this.#rate.perSecond },
            this.#terminal.columns || 80,
          ),
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
  /** A name, which is shortened where there is no room for it, or a label, which is not. */
  readonly name?: string;
  readonly label?: string;
  readonly bytes: number;
  readonly size: number;
  /** How much is done, where that is not the share of the bytes. */
  readonly percent?: number;
  /** Bytes a second. */
  readonly rate: number;
}

/** A bar has at most and at least so many columns between its brackets; of a name at least so many are shown. */
const MAX_BAR = 24;
const MIN_BAR = 8;
const MIN_NAME = 16;

/** @returns one line that fits `columns`: what has no room is left out, the rate first, the share last. */
export function barText(state: BarState, columns = 80): string {
  const { name = '', label = shownName(name), bytes, size, rate } = state;
  const percent = state.percent ?? Math.floor((size === 0 ? 1 : Math.min(bytes / size, 1)) * 100);
  const share = `${String(percent).padStart(3)} %`;
  const volume = `  ${sizeText(bytes)} of ${sizeText(size)}`;
  const speed = rate > 0 ? `  ${sizeText(Math.round(rate))}/s` : '';
  const left = rate > 0 ? `  ${clockOf((size - bytes) / rate)} left` : '';
  const least = state.label === undefined ? Math.min(MIN_NAME, widthOf(label)) : widthOf(label);
  const forms = [share + volume + speed + left, share + volume + left, share + volume, share];
  const room = columns - 1;
  const figures = forms.find((form) => least + 1 + form.length <= room) ?? share;
  const free = room - figures.length - least - 2;
  const width = free < MIN_BAR + 2 ? 0 : Math.min(MAX_BAR, free - 2);
  const filled = Math.round((percent / 100) * width);
  const bar = width === 0 ? '' : `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] `;
  const said = shortened(label, Math.max(0, room - figures.length - bar.length - 1));
  return `${said === '' ? '' : `${said} `}${bar}${figures}`.slice(0, room);
}

/** @returns the end of `text` that fits `columns`, because names differ there. */
function shortened(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  const kept: string[] = [];
  let room = columns - 1;
  for (const part of [...new Intl.Segmenter().segment(text)].reverse()) {
    room -= widthOf(part.segment);
    if (room < 0) break;
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
