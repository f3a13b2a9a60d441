// A small table: aligned columns, two spaces between them, nothing at the end of a line.
import { padLeft, padRight, widthOf } from './width.js';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** The width that longer cells do not stretch; they stay whole and move their own line. */
  readonly widest?: number;
}

/** @returns the lines of a table, the titles first. */
export function tableLines(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const titles = columns.map((column) => column.title);
  const widths = columns.map((column, i) => {
    let width = widthOf(column.title);
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
