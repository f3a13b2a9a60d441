// The texts of --limit: a rate such as 5M, or a timetable such as "08:00,1M 18:00,off", in rclone's syntax.
import { MINUTES_OF_DAY, type Rate, type Timetable } from '../../core/timetable.js';
import { usageError } from '../report-error.js';

const UNITS: Readonly<Record<string, number>> = { b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
/** Below it, a single frame would take minutes, in bytes a second. */
const MIN_RATE = 1024;

/**
 * @param text the value.
 * @param from the flag or variable that it comes from.
 * @returns null where there is no limit at any time.
 * @throws SyncError `usage`.
 */
export function parseLimit(text: string, from: string): Timetable | null {
  const words = text.trim().split(/\s+/);
  const isRate = words.length === 1 && !words[0]!.includes(',');
  const timetable = isRate
    ? [{ minuteOfWeek: 0, rate: rateOf(words[0]!, from, text) }]
    : words.flatMap((word) => changesOf(word, from, text));
  timetable.sort((a, b) => a.minuteOfWeek - b.minuteOfWeek);
  return timetable.every(({ rate }) => rate === null) ? null : timetable;
}

/** @returns what `08:00,1M` or `Mon-08:00,1M` says, for each day that it concerns. */
function changesOf(word: string, from: string, text: string) {
  const found = /^(?:([a-z]{3})-)?(\d{1,2}):(\d{2}),(.+)$/i.exec(word);
  if (found === null) throw unreadable(from, text);
  const [, day, hours, minutes, rate] = found;
  if (Number(hours) > 23 || Number(minutes) > 59) throw unreadable(from, text);
  const at = { minute: Number(hours) * 60 + Number(minutes), rate: rateOf(rate!, from, text) };
  const index = day === undefined ? null : DAYS.indexOf(day.toLowerCase());
  if (index === -1) throw unreadable(from, text);
  const days = index === null ? [...DAYS.keys()] : [index];
  return days.map((one) => ({ minuteOfWeek: one * MINUTES_OF_DAY + at.minute, rate: at.rate }));
}

function rateOf(word: string, from: string, text: string): Rate {
  if (/^off$/i.test(word)) return null;
  const found = /^(\d+(?:\.\d+)?)([bkmgt])?(?:i?b)?$/i.exec(word);
  if (found === null) throw unreadable(from, text);
  // Without a unit rclone means KiB.
  const rate = Math.round(Number(found[1]) * UNITS[(found[2] ?? 'k').toLowerCase()]!);
  if (rate < MIN_RATE) throw usageError(`${from} takes at least 1K a second, or off, not "${word}".`);
  return rate;
}

const unreadable = (from: string, text: string) =>
  usageError(
    `${from} takes a rate such as 5M, or a timetable such as "08:00,1M 18:00,off", not "${text}".`,
    'A rate is a number of bytes a second with K, M or G, or off. A time is HH:MM, or Mon-HH:MM for one day.',
  );
