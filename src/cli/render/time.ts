// Local times for people; scripts get ISO 8601.

const two = (n: number): string => String(n).padStart(2, '0');

/** @returns the local minute, `2026-11-21 14:03`; '' for an invalid time. */
export function minuteText(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '';
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** @returns the local time of day of a time of today, `10:04`; otherwise as `minuteText`. */
export function shortTimeText(iso: string, now: Date): string {
  const text = minuteText(iso);
  const today = minuteText(now.toISOString()).slice(0, 11);
  return text.startsWith(today) ? text.slice(11) : text;
}

/** Ends that are no farther away are shown with seconds, in milliseconds. */
const NEAR_MS = 10 * 60_000;

/** @returns the local time of an end. */
export function endText(iso: string, now: number): string {
  const end = new Date(iso);
  const isNear = end.getTime() - now <= NEAR_MS;
  return isNear ? `${minuteText(iso)}:${two(end.getSeconds())}` : minuteText(iso);
}

/** @returns the local time of day to the millisecond, `14:03:22.118`. */
export function clockText(date: Date): string {
  const ms = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}

/** @returns `minuteText` with a cache, because a long listing repeats minutes. */
export function minuteMemo(): (iso: string) => string {
  const seen = new Map<string, string>();
  let last = '';
  let lastText = '';
  return (iso) => {
    if (last !== '' && iso.startsWith(last) && iso.endsWith('Z')) return lastText;
    const key = iso.endsWith('Z') ? iso.slice(0, 16) : iso;
    let text = seen.get(key);
    if (text === undefined) {
      text = minuteText(iso);
      seen.set(key, text);
    }
    [last, lastText] = [iso.endsWith('Z') ? key : '', text];
    return text;
  };
}

/** @returns the local date and time of day to the millisecond, `2026-11-21 14:03:22.118`. */
export function datedClockText(date: Date): string {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clockText(date)}`;
}
