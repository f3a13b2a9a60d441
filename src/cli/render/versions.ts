// The versions of a file as text for people.
import type { VersionRow } from '../../wire/client-api/methods.js';
import { sizeText } from './size.js';
import { tableLines } from './table.js';
import { minuteText } from './time.js';
import { shownName } from './width.js';

/**
 * @returns a table of the versions, the newest first, each with the path of its plain file. A content that both sides
 * store is one row with both numbers.
 */
export function versionsText(versions: readonly VersionRow[], window?: number): string {
  const rows = together(versions).map((same) => {
    const [row] = same;
    return [
      same.map(({ n }) => n).join(', '),
      minuteText(row.replaced),
      shownName(row.reason),
      sizeText(row.size),
      minuteText(row.mtime),
      same.map(({ side }) => side).join(', '),
      [...new Set(same.map(({ where }) => shownName(where)))].join(', '),
    ];
  });
  const columns = [
    { title: 'n' },
    { title: 'put aside' },
    { title: 'reason' },
    { title: 'size', align: 'right' as const },
    { title: 'modified' },
    { title: 'side' },
    { title: 'where' },
  ];
  return `${tableLines(columns, rows, window).join('\n')}\n`;
}

type Same = [VersionRow, ...VersionRow[]];

/** Joins the rows of one content that each side stores, as a deletion or an overwriting leaves it. */
function together(versions: readonly VersionRow[]): Same[] {
  const all: Same[] = [];
  const open = new Map<string, Same>();
  for (const row of versions) {
    const key = JSON.stringify([row.size, row.mtime, row.reason]);
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
