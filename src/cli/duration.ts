// Durations as people type them: `60s`, `5m`, `1.5h`; a number alone means seconds.
import ms, { type StringValue } from 'ms';
import { SyncError } from '../core/errors.js';

/** The longest time of a timer, in milliseconds; other durations may be longer. */
const MAX_MS = 2 ** 31 - 1;

/**
 * @param text as typed.
 * @param from the flag or variable, for the message.
 * @param longest the maximum, in milliseconds.
 * @returns milliseconds, more than zero.
 * @throws SyncError `usage`.
 */
export function parseDuration(text: string, from: string, longest = MAX_MS): number {
  const trimmed = text.trim();
  const value = /^\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) * 1000 : named(trimmed);
  if (!Number.isFinite(value) || value < 1 || value > longest) {
    throw new SyncError('usage', `${from} takes a duration such as 60s or 5m, not "${text}".`);
  }
  return Math.round(value);
}

function named(text: string): number {
  return /^\d+(\.\d+)? ?[a-z]+$/i.test(text) ? (ms(text as StringValue) ?? Number.NaN) : Number.NaN;
}
