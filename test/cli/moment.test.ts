// What people write for a moment.
import { expect, test } from 'vitest';
import { parseMoment } from '../../src/cli/moment.js';

const NOW = new Date(2026, 10, 21, 14, 3, 22, 118).getTime();
const local = (...parts: [number, number, number, number?, number?, number?]) => new Date(...parts).getTime();

test.each<[string, number]>([
  ['2d', NOW - 2 * 86_400_000],
  ['90m', NOW - 90 * 60_000],
  ['1.5h', NOW - 90 * 60_000],
  ['30', NOW - 30_000],
  ['14:03', local(2026, 10, 21, 14, 3)],
  ['14:03:22', local(2026, 10, 21, 14, 3, 22)],
  ['14:04', local(2026, 10, 20, 14, 4)],
  ['9:05', local(2026, 10, 21, 9, 5)],
  ['2026-11-20', local(2026, 10, 20)],
  ['2026-11-20 14:03', local(2026, 10, 20, 14, 3)],
  ['2026-11-20T14:03:05', local(2026, 10, 20, 14, 3, 5)],
  ['2026-11-20T14:03:22.118Z', Date.UTC(2026, 10, 20, 14, 3, 22, 118)],
  ['2026-11-20T14:03:22+01:00', Date.UTC(2026, 10, 20, 13, 3, 22)],
])('%s', (text, time) => {
  expect(parseMoment(text, '--since', NOW).getTime()).toBe(time);
});

test.each(['', 'soon', '25:00', '14:60', '2026-13-01', '2026-11-20 14', '-1d', '0s', '1x'])('refuses %j', (text) => {
  expect(() => parseMoment(text, '--since', NOW)).toThrow(/^--since takes a duration such as 2d or 1h, or a time/);
});
