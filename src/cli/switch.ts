// Parses a variable that is a switch.
import { usageError } from './report-error.js';

/**
 * @param from the variable, for the message.
 * @throws SyncError `usage`.
 */
export function switchOf(text: string, from: string): boolean {
  const word = text.trim().toLowerCase();
  if (['1', 'true', 'yes', 'on'].includes(word)) return true;
  if (['0', 'false', 'no', 'off'].includes(word)) return false;
  throw usageError(`${from} takes 1 or 0, not "${text}".`);
}
