// The earlier contents of files, for people.

import { sizeText } from '../../core/size-text.js';
import type { VersionRow } from '../../wire/client-api/version-rows.js';
import type { CommandContext } from '../context.js';
import { tableLines } from './table.js';
import { minuteText } from './time.js';
import { shownName, widthOf } from './width.js';

/**
 * @returns the versions of one file as a table, the newest first, each with the place where it lies as a plain file. What
 *   both sides keep of one content is one row with both numbers. Where a window has no room for the places, they are
 *   told once.
 */
export function versionsText(versions: readonly VersionRow[], window = Number.POSITIVE_INFINITY): string {
  const all = together(versions);
  const rows = all.map((same) => [
    ...[numbers(same), minuteText(same[0].replaced), shownName(same[0].reason), sizeText(same[0].size)],
    ...[minuteText(same[0].mtime), sides(same), [...new Set(same.map(({ where }) => shownName(where)))].join(', ')],
  ]);
  const columns = [
    ...[{ title: 'n' }, { title: 'put aside' }, { title: 'reason' }, { title: 'size', align: 'right' as const }],
    ...[{ title: 'modified' }, { title: 'side' }, { title: 'where' }],
  ];
  const lines = tableLines(columns, rows, window);
  if (lines.every((line) => widthOf(line) <= window)) return `${lines.join('\n')}\n`;
  const places = rows.map((row) => row.slice(0, -1));
  const where = `Each lies as a plain file on its side: ${placesText(all[0]![0].where)}`;
  return `${tableLines(columns.slice(0, -1), places, window).join('\n')}\n${where}\n`;
}

/** `.lockstep/versions/docs/plan (TIME).txt`: where the versions of one file lie. */
const placesText = (where: string): string =>
  shownName(where.replace(/ \(\d{4}-\d\d-\d\d \d\d-\d\d-\d\d(?: \d+)?\)(?=\.[^./]*$|$)/, ' (TIME)'));

const numbers = (same: Same): string => same.map(({ n }) => n).join(', ');
const sides = (same: Same): string => same.map(({ side }) => side).join(', ');

/** Rows that are laid out together where nobody sees a window. */
const ROWS_AT_ONCE = 500;

const RECENT_COLUMNS = [
  { title: 'put aside', least: 16 },
  { title: 'reason', least: 11 },
  { title: 'size', align: 'right' as const, least: 9 },
  { title: 'n', least: 4 },
  { title: 'side', least: 4 },
  { title: 'name' },
];

/** Prints the versions of many files: on a terminal as one table, elsewhere as they come. */
export class RecentText {
  readonly #context: Pick<CommandContext, 'out' | 'columns'>;
  #rows: VersionRow[] = [];
  #isBegun = false;

  constructor(context: Pick<CommandContext, 'out' | 'columns'>) {
    this.#context = context;
  }

  add(row: VersionRow): void {
    this.#rows.push(row);
    if (this.#context.columns === undefined && this.#rows.length === ROWS_AT_ONCE) this.#print();
  }

  end(_away: readonly unknown[]): void {
    this.#print();
    if (!this.#isBegun) this.#context.out('Nothing earlier is kept.\n');
  }

  #print(): void {
    if (this.#rows.length === 0) return;
    const rows = together(this.#rows).map((same) => [
      ...[minuteText(same[0].replaced), shownName(same[0].reason), sizeText(same[0].size)],
      ...[numbers(same), sides(same), shownName(same[0].path)],
    ]);
    const lines = tableLines(RECENT_COLUMNS, rows, this.#context.columns);
    for (const line of this.#isBegun ? lines.slice(1) : lines) this.#context.out(`${line}\n`);
    this.#isBegun = true;
    this.#rows = [];
  }
}

type Same = [VersionRow, ...VersionRow[]];

/** Joins the rows of one content that each side stores, as a deletion or an overwriting leaves it. */
function together(versions: readonly VersionRow[]): Same[] {
  const all: Same[] = [];
  const open = new Map<string, Same>();
  for (const row of versions) {
    const key = JSON.stringify([row.path, row.size, row.mtime, row.reason]);
    const other = open.get(key);
    if (other !== undefined && other[0].side !== row.side) {
      other.push(row);
      open.delete(key);
    } else {
      const same: Same = [row];
      all.push(same);
      open.set(key, same);
    }
  }
  return all;
}
