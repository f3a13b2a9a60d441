import { describe, expect, it } from 'vitest';
import { parseLimit } from '../../../src/cli/server/limit.js';
import { rateAt } from '../../../src/core/timetable.js';

/** The rate on Monday, 2 November 2026, at `hours`. */
const onMonday = (text: string, hours: number) => rateAt(parseLimit(text, '--limit')!, new Date(2026, 10, 2, hours));

describe('a limit', () => {
  it.each([
    ['5M', 5 * 2 ** 20],
    ['5m', 5 * 2 ** 20],
    ['1.5M', 1.5 * 2 ** 20],
    ['512K', 512 * 2 ** 10],
    ['512', 512 * 2 ** 10],
    ['2G', 2 * 2 ** 30],
    ['4096B', 4096],
    ['5MiB', 5 * 2 ** 20],
  ])('%s is a rate', (text, bytes) => {
    expect(onMonday(text, 3)).toBe(bytes);
  });

  it.each(['off', 'OFF', '08:00,off 18:00,off'])('%s is none', (text) => {
    expect(parseLimit(text, '--limit')).toBeNull();
  });

  it.each([
    ['08:00,1M 18:00,off', 12, 2 ** 20],
    ['08:00,1M 18:00,off', 19, null],
    ['08:00,1M 18:00,off', 3, null],
    ['18:00,off 8:00,1M', 12, 2 ** 20],
    ['Sun-20:00,1M Mon-06:00,2M', 3, 2 ** 20],
    ['sun-20:00,1M mon-06:00,2M', 7, 2 * 2 ** 20],
    ['Tue-00:00,1M', 7, 2 ** 20],
  ])('%s at %i o’clock', (text, hours, rate) => {
    expect(onMonday(text, hours)).toBe(rate);
  });

  it.each(['', 'fast', '5X', '-5M', '5M 6M', '25:00,1M', '08:60,1M', '08:00', 'Xyz-08:00,1M', '08:00,1M,2M', '1M:2M'])(
    '"%s" is refused in words',
    (text) => {
      expect(() => parseLimit(text, '--limit')).toThrow(/--limit takes a rate such as 5M/);
    },
  );

  it.each(['10B', '0', '0.5K'])('%s is too little', (text) => {
    expect(() => parseLimit(text, '--limit')).toThrow(/at least 1K/);
  });
});
