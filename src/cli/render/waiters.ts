// Who stands in line for a lock, in few words.
import type { LockRow } from '../../wire/client-api/methods.js';
import { shownName } from './width.js';

/** @returns `ben waits`, `ben and carl wait`, `ben and 2 more wait`; '' where nobody does. */
export function waitersText(waiting: LockRow['waiting']): string {
  const [first, second] = waiting.map(({ owner }) => shownName(owner));
  if (first === undefined) return '';
  if (second === undefined) return `${first} waits`;
  return waiting.length === 2 ? `${first} and ${second} wait` : `${first} and ${waiting.length - 1} more wait`;
}
