// What is special about a file: in words, and as the colour that catches the eye.
import { isConflictCopy } from '../../core/conflicts/copy-name.js';
import type { RelPath } from '../../core/path.js';
import type { ListEntry } from '../../wire/client-api/methods.js';
import type { Colors } from './colors.js';
import { shownName } from './width.js';

/**
 * @param waiters who waits for its lock, in words.
 * @returns what is special about a file, in words; '' where nothing is.
 */
export function stateText(entry: ListEntry, waiters = ''): string {
  const copy = isCopy(entry);
  if (entry.lock === null && entry.held === 0 && entry.on === 'both' && entry.syncing === undefined) {
    return copy ? 'conflict copy' : '';
  }
  const words: string[] = [];
  if (entry.lock !== null) words.push(`locked by ${shownName(entry.lock.owner)}`);
  if (entry.held > 0) words.push(`held: ${entry.held}`);
  if (entry.on !== 'both') words.push(`only in ${entry.on}`);
  if (entry.syncing !== undefined) words.push(`syncing ${Math.floor(entry.syncing)} %`);
  if (copy) words.push('conflict copy');
  if (waiters !== '') words.push(waiters);
  return words.join(', ');
}

/** @returns how to paint the state: what needs a person first, then locks, then what settles by itself. */
export function statePaint(entry: ListEntry, colors: Colors): (text: string) => string {
  if (isCopy(entry)) return colors.red;
  if (entry.held > 0) return colors.magenta;
  if (entry.lock !== null) return colors.yellow;
  return colors.cyan;
}

const isCopy = ({ path }: ListEntry): boolean => path.includes('(') && isConflictCopy(path as RelPath);
