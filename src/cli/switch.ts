// Parses a variable that is a switch.
import { usageError } from './report-error.js';

/** @returns whether `text` switches on. */
export const isOn = (text: string): boolean => ['1', 'true', 'yes', 'on'].includes(text.trim().toLowerCase());

/**
 * @param from the variable, for the message.
 * @throws SyncError `usage`.
 */
export function switchOf(text: string, from: string): boolean {
  if (isOn(text)) return true;
  if (['0', 'false', 'no', 'off'].includes(text.trim().toLowerCase())) return false;
  throw usageError(`${from} takes 1 or 0, not "${text}".`);
}
