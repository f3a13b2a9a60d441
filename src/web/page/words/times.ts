// Times for people, in the local time of whoever looks: the nearer, the shorter. The page gives the exact time beside it.

const two = (n: number): string => String(n).padStart(2, '0');
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAY_MS = 86_400_000;

/** @returns `14:03`, `yesterday 14:03`, `21 Nov 14:03` or `21 Nov 2025`; '' for what is no time. */
export function whenText(iso: string, now: Date): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '';
  const days = daysBetween(date, now);
  if (days === 0) return clockText(date);
  if (days === 1) return `yesterday ${clockText(date)}`;
  const day = `${date.getDate()} ${MONTHS[date.getMonth()]}`;
  return date.getFullYear() === now.getFullYear() ? `${day} ${clockText(date)}` : `${day} ${date.getFullYear()}`;
}

/** @returns `since 14:03`, `since yesterday 14:03`. */
export const sinceText = (iso: string, now: Date): string => `since ${whenText(iso, now)}`;

/** @returns the local date and time to the second, `2026-11-21 14:03:22`. */
export function exactText(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '';
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${clockText(date)}:${two(date.getSeconds())}`;
}

const clockText = (date: Date): string => `${two(date.getHours())}:${two(date.getMinutes())}`;

/** @returns how many midnights lie between two moments. */
function daysBetween(date: Date, now: Date): number {
  const midnight = (day: Date): number => Date.UTC(day.getFullYear(), day.getMonth(), day.getDate());
  return Math.round((midnight(now) - midnight(date)) / DAY_MS);
}
