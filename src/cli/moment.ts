// Moments as people write them: how long ago (`2d`, `90m`), a time of the day, or a date.
import { SyncError } from '../core/errors.js';
import { parseDuration } from './duration.js';

/** Nobody looks further back than a hundred years. */
const MAX_AGO_MS = 100 * 365 * 24 * 60 * 60 * 1000;

const CLOCK = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/;
const DATE = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?)?$/;

/**
 * @param text what was typed: a duration before now, `14:00` (the last time that it was so late), `2026-11-21`, or
 *   `2026-11-21 14:00`; local time, unless it ends in a zone as ISO 8601 has it.
 * @param from the flag, for the message.
 * @throws SyncError `usage`.
 */
export function parseMoment(text: string, from: string, now: number = Date.now()): Date {
  const found = parseBeginning(text, from, now);
  return 'since' in found ? found.since : new Date(now - found.ageMs);
}

/** A beginning: a moment, or how many milliseconds ago it was, by the clock of whoever is asked. */
type Beginning = { readonly since: Date } | { readonly ageMs: number };

/** The same, for a server whose clock may differ: a duration stays one. */
export function parseBeginning(text: string, from: string, now: number = Date.now()): Beginning {
  const trimmed = text.trim();
  const clock = CLOCK.exec(trimmed);
  if (clock !== null) {
    const parts = clock.slice(1).map((part) => Number(part ?? 0));
    return { since: lastTime(new Date(now), parts) };
  }
  const date = DATE.exec(trimmed);
  if (date === null) return { ageMs: ageOf(text, from) };
  const since = new Date(`${date[1]}T${date[2] ?? '00:00'}${date[3] ?? ''}`);
  if (Number.isNaN(since.getTime())) throw noMoment(text, from);
  return { since };
}

function lastTime(now: Date, [hours = 0, minutes = 0, seconds = 0]: readonly number[]): Date {
  const date = new Date(now);
  date.setHours(hours, minutes, seconds, 0);
  if (date > now) date.setDate(date.getDate() - 1);
  return date;
}

function ageOf(text: string, from: string): number {
  try {
    return parseDuration(text.trim(), from, MAX_AGO_MS);
  } catch {
    throw noMoment(text, from);
  }
}

const noMoment = (text: string, from: string): SyncError =>
  new SyncError(
    'usage',
    `${from} takes a duration such as 2d or 1h, or a time such as 14:00 or "2026-11-21 14:00", not "${text}".`,
  );
