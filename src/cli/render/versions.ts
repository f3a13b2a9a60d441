// The earlier contents of a file, for people.
import type { VersionRow } from '../../wire/messages.js';
import { sizeText } from './size.js';
import { tableLines } from './table.js';
import { minuteText } from './time.js';
import { shownName } from './width.js';

/** @returns the versions as a table, the newest first, each with the place where it lies as a plain file. */
export function versionsText(versions: readonly VersionRow[]): string {
  const rows = versions.map((row) => [
    String(row.n),
    minuteText(row.replaced),
    row.reason,
    sizeText(row.size),
    minuteText(row.mtime),
    row.side,
    shownName(row.where),
  ]);
  const columns = [
    { title: 'n', align: 'right' as const },
    { title: 'put aside' },
    { title: 'reason' },
    { title: 'size', align: 'right' as const },
    { title: 'modified' },
    { title: 'side' },
    { title: 'where' },
  ];
  return `${tableLines(columns, rows).join('\n')}\n`;
}
