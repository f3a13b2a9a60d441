// Held updates as text for people.

import { sizeText } from '../../core/size-text.js';
import type { HeldRow } from '../../wire/client-api/methods.js';
import { tableLines } from './table.js';
import { minuteText } from './time.js';
import { shownName } from './width.js';

/** @returns a table of the held updates, in the order in which they will be applied. */
export function heldText(held: readonly HeldRow[], window?: number): string {
  const rows = held.map((row) => [
    shownName(row.path),
    String(row.position),
    row.action,
    row.action === 'deleted' ? '' : sizeText(row.size),
    minuteText(row.received),
  ]);
  const columns = [
    { title: 'name', widest: 60 },
    { title: 'position', align: 'right' as const },
    { title: 'action' },
    { title: 'size', align: 'right' as const },
    { title: 'received' },
  ];
  return `${tableLines(columns, rows, window).join('\n')}\n`;
}
