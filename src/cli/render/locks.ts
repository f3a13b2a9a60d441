// Locks as text for people.
import { comparePaths } from '../../core/path.js';
import { type SideNames, UNNAMED } from '../../core/side-name.js';
import type { LockRow } from '../../wire/client-api/methods.js';
import { lockReason } from './lock-words.js';
import { tableLines } from './table.js';
import { minuteText } from './time.js';
import { shownName } from './width.js';

/** @returns the locks in the order of the listing. */
export const inOrder = (locks: readonly LockRow[]): readonly LockRow[] =>
  locks.toSorted((x, y) => comparePaths(x.path, y.path));

/** @returns the locks as a table. */
export function locksText(locks: readonly LockRow[], window?: number, names: SideNames = UNNAMED): string {
  const rows = locks.map((lock) => [
    shownName(lock.path),
    shownName(lock.owner),
    names[lock.side],
    minuteText(lock.since),
    lock.expires === null ? '-' : minuteText(lock.expires),
    lock.held === 0 ? '' : String(lock.held),
    lock.waiting.map((waiter) => shownName(waiter.owner)).join(', '),
    lockReason(lock, names),
  ]);
  const columns = [
    { title: 'name', widest: 60 },
    { title: 'holder', widest: 30 },
    { title: 'side' },
    { title: 'since' },
    { title: 'until' },
    { title: 'held', align: 'right' as const },
    { title: 'waiting', widest: 30 },
    { title: 'why' },
  ];
  return `${tableLines(columns, rows, window).join('\n')}\n`;
}

/** @returns `ben waits`, `ben and carl wait`, `ben and 2 more wait`; '' where nobody waits. */
export const waitersText = (waiting: LockRow['waiting']): string =>
  peopleText(
    waiting.map(({ owner }) => owner),
    'waits',
    'wait',
  );

/** @returns `ben asks for it`, `ben and carl ask for it`; '' where nobody does. */
export const askersText = (asked: LockRow['asked'] = []): string =>
  peopleText(
    asked.map(({ by }) => by),
    'asks for it',
    'ask for it',
  );

function peopleText(names: readonly string[], one: string, several: string): string {
  const [first, second] = names.map(shownName);
  if (first === undefined) return '';
  if (second === undefined) return `${first} ${one}`;
  return names.length === 2 ? `${first} and ${second} ${several}` : `${first} and ${names.length - 1} more ${several}`;
}
