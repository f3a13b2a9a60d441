// The merged listing as text: `#  name  size  modified  state`, for 100,000 rows: one pass measures, one prints in
// pieces. Names are never cut: a name that is too long for its column has its line, or on a terminal a separate line,
// so that the other columns stay aligned.

import type { SideNames } from '../../core/side-name.js';
import { sizeText } from '../../core/size-text.js';
import type { ListEntry } from '../../wire/client-api/methods.js';
import type { Colors } from './colors.js';
import { statePaint, stateText } from './entry-state.js';
import { minuteMemo } from './time.js';
import { shownName, widthOf } from './width.js';

/** Longer names, in columns, do not widen the column of names. */
const WIDEST_NAME = 100;
const NARROWEST_NAME = 12;
/** Longer states, in columns, may wrap. */
const WIDEST_STATE = 24;
const TIME_WIDTH = 16;
/** Narrower windows, in columns, show no times. */
const NO_TIMES_BELOW = 60;
const ROWS_AT_ONCE = 512;

/** The layout of the columns. */
interface Layout {
  readonly index: number;
  readonly name: number;
  readonly size: number;
  readonly times: boolean;
  /** Whether a name that is too long gets a separate line. */
  readonly folds: boolean;
  /** The columns that are left for a state; a longer state gets a separate line. */
  readonly state: number;
}

/** The texts that were made while measuring and are needed again. */
interface Measured {
  readonly names: readonly string[];
  readonly nameWidths: Uint16Array;
  readonly sizes: readonly string[];
}

/**
 * @param entries the rows to show, each with its index in the full listing.
 * @param options `columns`: the width of the terminal, where there is one; `waiters`: the waiters for each file's lock,
 * in words.
 * @returns the text in pieces; every line ends with a newline.
 */
export function* listingText(
  entries: readonly ListEntry[],
  options: {
    readonly colors: Colors;
    readonly columns?: number | undefined;
    readonly waiters?: ReadonlyMap<string, string> | undefined;
    readonly sides?: SideNames | undefined;
  },
): Generator<string> {
  const { colors, columns, waiters, sides } = options;
  const stateOf = (entry: ListEntry): string =>
    isSpecial(entry) ? stateText(entry, waiters?.get(entry.path), sides) : '';
  const measured = measure(entries);
  const layout = layoutFor(entries, measured, stateOf, columns);
  yield `${colors.bold(titleLine(layout))}\n`;
  const minute = minuteMemo();
  let lines: string[] = [];
  for (const [i, entry] of entries.entries()) {
    lines.push(lineOf(entry, i, stateOf(entry), measured, layout, minute, colors));
    if (lines.length === ROWS_AT_ONCE) {
      yield lines.join('');
      lines = [];
    }
  }
  yield lines.join('');
}

function measure(entries: readonly ListEntry[]): Measured {
  const names = entries.map(({ path }) => shownName(path));
  return {
    names,
    nameWidths: Uint16Array.from(names, (name) => Math.min(widthOf(name), 0xffff)),
    sizes: entries.map(({ size }) => sizeText(size)),
  };
}

function layoutFor(
  entries: readonly ListEntry[],
  measured: Measured,
  stateOf: (entry: ListEntry) => string,
  columns: number | undefined,
): Layout {
  let last = 0;
  let state = 5;
  for (const entry of entries) {
    last = Math.max(last, entry.index);
    const said = stateOf(entry);
    if (said !== '') state = Math.max(state, Math.min(widthOf(said), WIDEST_STATE));
  }
  const index = String(last).length;
  const size = measured.sizes.reduce((most, text) => Math.max(most, text.length), 4);
  const times = columns === undefined || columns >= NO_TIMES_BELOW;
  const others = index + size + state + 6 + (times ? TIME_WIDTH + 2 : 0);
  const most = Math.max(NARROWEST_NAME, Math.min(WIDEST_NAME, (columns ?? Infinity) - others));
  const name = measured.nameWidths.reduce((widest, width) => Math.max(widest, Math.min(width, most)), 4);
  const left = (columns ?? Infinity) - (others - state) - name;
  return { index, name, size, times, folds: columns !== undefined, state: left };
}

/** Whether a file may have a state, which is faster to decide than its words. */
const isSpecial = (entry: ListEntry): boolean =>
  entry.lock !== null ||
  entry.held > 0 ||
  entry.on !== 'both' ||
  entry.syncing !== undefined ||
  entry.path.includes('(');

function titleLine({ index, name, size, times }: Layout): string {
  const modified = times ? `${'modified'.padEnd(TIME_WIDTH)}  ` : '';
  return `${'#'.padStart(index)}  ${'name'.padEnd(name)}  ${'size'.padStart(size)}  ${modified}state`;
}

function lineOf(
  entry: ListEntry,
  i: number,
  state: string,
  { names, nameWidths, sizes }: Measured,
  layout: Layout,
  minute: (iso: string) => string,
  colors: Colors,
): string {
  const paint = state === '' ? String : statePaint(entry, colors);
  const name = names[i]!;
  const context = layout.name - nameWidths[i]!;
  const fold = layout.folds && context < 0;
  const gap = fold ? `\n${' '.repeat(layout.index + 2 + layout.name)}` : ' '.repeat(Math.max(0, context));
  let line = `${String(entry.index).padStart(layout.index)}  ${paint(name)}${gap}  ${sizes[i]!.padStart(layout.size)}`;
  if (layout.times) {
    const time = minute(entry.mtime);
    line += `  ${state === '' ? time : time.padEnd(TIME_WIDTH)}`;
  }
  if (state === '') return `${line}\n`;
  const between = widthOf(state) <= layout.state ? '  ' : `\n${' '.repeat(layout.index + 4)}`;
  return `${line}${between}${paint(state)}\n`;
}
