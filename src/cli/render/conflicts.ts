// Conflict copies as text for people.

import { sizeText } from '../../core/size-text.js';
import type { ConflictRow } from '../../wire/client-api/methods.js';
import { PLAIN_NAMES } from '../program-name.js';
import { tableLines } from './table.js';
import { minuteText } from './time.js';
import { shownName } from './width.js';

/** @returns a table of the copies and their files, with the command that resolves them. */
export function conflictsText(conflicts: readonly ConflictRow[], window?: number, client = PLAIN_NAMES.client): string {
  const rows = conflicts.map((row) => [
    shownName(row.path),
    row.original === null ? 'no file' : sizeText(row.original.size),
    row.side,
    minuteText(row.time),
    sizeText(row.size),
    shownName(row.copy),
  ]);
  const columns = [
    { title: 'name', widest: 40 },
    { title: 'size', align: 'right' as const },
    { title: 'side' },
    { title: 'set aside' },
    { title: 'size', align: 'right' as const },
    { title: 'copy' },
  ];
  return `${tableLines(columns, rows, window).join('\n')}\nSettle one with: ${client} resolve NAME --keep a|b|both\n`;
}
