import { expect, test } from 'vitest';
import { lowerOf, rateAt, type Timetable } from '../../src/core/timetable.js';

/** A moment of the week that begins on Sunday, 1 November 2026. */
const on = (day: number, hours: number, minutes = 0) => new Date(2026, 10, 1 + day, hours, minutes);
const at = (day: number, hours: number, rate: number | null) => ({ minuteOfWeek: day * 1440 + hours * 60, rate });

const WEEK: Timetable = [at(1, 8, 100), at(1, 18, null), at(5, 8, 200)];

test.each([
  ['before the first change of the week', on(0, 12), 200],
  ['one minute before a change', on(1, 7, 59), 200],
  ['at a change', on(1, 8), 100],
  ['between two changes', on(1, 17, 59), 100],
  ['after the limit ended', on(3, 0), null],
  ['after the last change', on(6, 23, 59), 200],
])('the rate %s', (_case, when, rate) => {
  expect(rateAt(WEEK, when)).toBe(rate);
});

test.each([
  [null, null, null],
  [null, 5, 5],
  [5, null, 5],
  [5, 3, 3],
])('the lower of %s and %s is %s', (one, other, lower) => {
  expect(lowerOf(one, other)).toBe(lower);
});
