// A small table with aligned columns, two spaces apart, without trailing spaces. In a window that is too narrow each
// row becomes a paragraph, because wrapped rows are hard to read.
import { padLeft, padRight, widthOf } from './width.js';

interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Longer cells do not widen the column; they stay whole and move the rest of their line. */
  readonly widest?: number;
  /** The width that the column has at least, whatever is in it. */
  readonly least?: number;
}

/**
 * @param window the columns of the terminal, where there is one.
 * @returns the lines of a table, the titles first.
 */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  window = Number.POSITIVE_INFINITY,
): string[] {
  if (rows.length === 0 || fits(columns, rows, window)) return alignedLines(columns, rows);
  const used = columns.flatMap((_, i) => (rows.some((row) => !isEmpty(row[i])) ? [i] : []));
  const someColumns = used.map((i) => columns[i]!);
  const someCells = rows.map((row) => used.map((i) => row[i] ?? ''));
  if (fits(someColumns, someCells, window)) return alignedLines(someColumns, someCells);
  const titles = someColumns.map((column) => column.title);
  return someCells.flatMap((row) => paragraph(titles, row, window));
}

/** Whether a window is wide enough for everything but the last column, which may wrap. */
function fits(columns: readonly Column[], rows: readonly (readonly string[])[], window: number): boolean {
  const last = columns.at(-1)?.title ?? '';
  const others = alignedLines(
    columns,
    rows.map((row) => [...row.slice(0, columns.length - 1), last]),
  );
  return others.every((line) => widthOf(line) <= window);
}

const isEmpty = (cell: string | undefined): boolean => cell === undefined || cell === '' || cell === '-';

function alignedLines(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const titles = columns.map((column) => column.title);
  const widths = columns.map((column, i) => {
    let width = Math.max(widthOf(column.title), column.least ?? 0);
    for (const row of rows) width = Math.max(width, Math.min(widthOf(row[i] ?? ''), column.widest ?? Infinity));
    return width;
  });
  const line = (cells: readonly string[]): string =>
    columns
      .map((column, i) => (column.align === 'right' ? padLeft : padRight)(cells[i] ?? '', widths[i]!))
      .join('  ')
      .trimEnd();
  return [line(titles), ...rows.map(line)];
}

const INDENT = '  ';

/** A row as titles with values, in as few lines as the window allows. */
function paragraph(titles: readonly string[], row: readonly string[], window: number): string[] {
  const lines: string[] = [];
  for (const [i, title] of titles.entries()) {
    const cell = row[i] ?? '';
    if (isEmpty(cell)) continue;
    const said = title === 'name' ? cell : `${title} ${cell}`;
    const last = lines.at(-1);
    if (last === undefined) lines.push(said);
    else if (widthOf(last) + 2 + widthOf(said) <= window) lines[lines.length - 1] = `${last}  ${said}`;
    else lines.push(INDENT + said);
  }
  return lines;
}
