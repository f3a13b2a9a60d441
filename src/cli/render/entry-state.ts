// The state of a file as words and as a colour.
import { isConflictCopy } from '../../core/conflicts/copy-name.js';
import type { RelPath } from '../../core/path.js';
import { type SideNames, UNNAMED } from '../../core/side-name.js';
import type { ListEntry } from '../../wire/client-api/methods.js';
import type { Colors } from './colors.js';
import { lockText } from './lock-words.js';

/**
 * @param waiters the waiters for its lock, in words.
 * @returns the state of a file in words; '' where there is nothing to say.
 */
export function stateText(entry: ListEntry, waiters = '', names: SideNames = UNNAMED): string {
  const copy = isCopy(entry);
  if (entry.lock === null && entry.held === 0 && entry.on === 'both' && entry.syncing === undefined) {
    return copy ? 'conflict copy' : '';
  }
  const words: string[] = [];
  if (entry.lock !== null) words.push(lockText(entry.lock, names));
  if (entry.held > 0) words.push(`held: ${entry.held}`);
  if (entry.on !== 'both') words.push(`only in ${names[entry.on]}`);
  if (entry.syncing !== undefined) words.push(`syncing ${Math.floor(entry.syncing)} %`);
  if (copy) words.push('conflict copy');
  if (waiters !== '') words.push(waiters);
  return words.join(', ');
}

/** @returns the colour of the state: first what a person has to decide, then locks, then what resolves itself. */
export function statePaint(entry: ListEntry, colors: Colors): (text: string) => string {
  if (isCopy(entry)) return colors.red;
  if (entry.held > 0) return colors.magenta;
  if (entry.lock !== null) return colors.yellow;
  return colors.cyan;
}

const isCopy = ({ path }: ListEntry): boolean => path.includes('(') && isConflictCopy(path as RelPath);
