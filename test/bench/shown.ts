// Figures and verdicts in words.
import type { Row, Verdict } from './report.js';
import type { Unit } from './scenario.js';

const IN_SECONDS_MS = 1_000;

/** @returns a figure with its unit, in three digits or so. */
export function shown(value: number, unit: Unit | 'times'): string {
  if (Number.isNaN(value)) return '-';
  if (unit === 'times') return `${inDigits(value)} x`;
  if (unit === 'ms' && value >= IN_SECONDS_MS) return `${inDigits(value / 1_000)} s`;
  if (unit === 'bytes' || unit === '/s')
    return `${Math.round(value).toLocaleString('en')} ${unit === '/s' ? '/s' : 'B'}`;
  return `${inDigits(value)} ${unit}`;
}

function inDigits(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

/** @returns the spread of a row; nothing where it was measured once. */
export function spread({ min, max, unit, values }: Row): string {
  return values.length === 1 ? '' : `${shown(min, unit)} – ${shown(max, unit)}`;
}

/** @returns what is to be reached. */
export function bound({ of, unit, most, least }: Verdict): string {
  const amount = most === null ? `at least ${shown(least!, unit)}` : `at most ${shown(most, unit)}`;
  return of === null ? amount : `${amount} ${of}`;
}

/** @returns what was reached, and whether it is enough. */
export function outcome({ reached, unit, isMet }: Verdict): string {
  if (reached === null) return 'not measured';
  return `${shown(reached, unit)}, ${isMet ? 'met' : 'not met'}`;
}
