// The merged listing as text: `#  name  size  modified  state`. Written for 100,000 rows: one pass to measure, one to print.
import { isConflictCopy } from '../../core/conflict-name.js';
import type { RelPath } from '../../core/path.js';
import type { ListEntry } from '../../wire/messages.js';
import type { Colors } from './colors.js';
import { sizeText } from './size.js';
import { minuteMemo } from './time.js';
import { shownName, widthOf } from './width.js';

/** Names beyond this many columns stay whole but do not stretch every other line. */
const WIDEST_NAME = 100;
const TIME_WIDTH = 16;

interface Row {
  readonly index: string;
  readonly name: string;
  readonly nameWidth: number;
  readonly size: string;
  readonly modified: string;
  readonly state: string;
  readonly marked: boolean;
}

/**
 * @param entries the rows to show, each with its number in the full listing.
 * @param options `columns`: the terminal's width, where there is one.
 * @returns the text, every line ended.
 */
export function listingText(
  entries: readonly ListEntry[],
  options: { colors: Colors; columns?: number | undefined },
): string {
  const rows = measure(entries);
  const indexWidth = widest(rows, (row) => row.index.length, 1);
  const sizeWidth = widest(rows, (row) => row.size.length, 4);
  const room = (options.columns ?? Infinity) - indexWidth - sizeWidth - TIME_WIDTH - 6;
  const most = Math.max(20, Math.min(WIDEST_NAME, room));
  const nameWidth = widest(rows, (row) => Math.min(row.nameWidth, most), 4);
  const { bold, yellow } = options.colors;
  const title = `${'#'.padStart(indexWidth)}  ${'name'.padEnd(nameWidth)}  ${'size'.padStart(sizeWidth)}  ${'modified'.padEnd(TIME_WIDTH)}  state`;
  let text = `${bold(title)}\n`;
  for (const row of rows) {
    const gap = row.nameWidth < nameWidth ? ' '.repeat(nameWidth - row.nameWidth) : '';
    const front = `${row.index.padStart(indexWidth)}  ${row.name}${gap}  ${row.size.padStart(sizeWidth)}  `;
    text += row.state === '' ? front + row.modified : front + row.modified.padEnd(TIME_WIDTH + 2);
    text += `${row.marked ? yellow(row.state) : row.state}\n`;
  }
  return text;
}

function measure(entries: readonly ListEntry[]): Row[] {
  const minute = minuteMemo();
  return entries.map((entry) => {
    const name = shownName(entry.path);
    return {
      index: String(entry.index),
      name,
      nameWidth: widthOf(name),
      size: sizeText(entry.size),
      modified: minute(entry.mtime),
      state: stateText(entry),
      marked: entry.lock !== null || entry.held > 0,
    };
  });
}

function widest(rows: readonly Row[], width: (row: Row) => number, least: number): number {
  let most = least;
  for (const row of rows) {
    const w = width(row);
    if (w > most) most = w;
  }
  return most;
}

/** @returns what is special about a file, in words; '' where nothing is. */
export function stateText(entry: ListEntry): string {
  const plain = entry.lock === null && entry.held === 0 && entry.on === 'both' && entry.syncing === undefined;
  const copy = entry.path.includes('(') && isConflictCopy(entry.path as RelPath);
  if (plain) return copy ? 'conflict copy' : '';
  const words: string[] = [];
  if (entry.lock !== null) words.push(`locked by ${shownName(entry.lock.owner)}`);
  if (entry.held > 0) words.push(`held: ${entry.held}`);
  if (entry.on !== 'both') words.push(`only in ${entry.on}`);
  if (entry.syncing !== undefined) words.push(`syncing ${Math.floor(entry.syncing)} %`);
  if (copy) words.push('conflict copy');
  return words.join(', ');
}
