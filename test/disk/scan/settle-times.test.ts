import { expect, it } from 'vitest';
import { goneAt, readableAt, retryMs } from '../../../src/disk/scan/settle-times.js';

const MIB = 1024 * 1024;

it.each([
  ['empty and new', 0, true, 50],
  ['empty as before', 0, false, 0],
  ['one byte', 1, false, 0],
  ['just below a mebibyte', MIB - 1, false, 0],
  ['a mebibyte', MIB, false, 60],
  ['just below 64 MiB', 64 * MIB - 1, false, 60],
  ['64 MiB', 64 * MIB, false, 200],
])('a file that is %s must be quiet', (_case, size, emptied, ms) => {
  expect(readableAt({ size, ctimeMs: 1000 }, emptied, 2000)).toBe(1000 + ms);
});

it.each([
  ['written now', 1000, 1000, 1060],
  ['written long ago', 10, 1000, 70],
  ['stamped by a clock that is ahead', 5000, 1000, 1000],
])('a file %s may be read from then on', (_case, ctimeMs, now, at) => {
  expect(readableAt({ size: 2 * MIB, ctimeMs }, false, now)).toBe(at);
});

it('tries again after 20 ms, then twice as long each time, up to a second', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 8, 50].map(retryMs)).toEqual([20, 40, 80, 160, 320, 640, 1000, 1000, 1000]);
});

it.each([
  ['one file', { files: 1, last: 1000 }, 1025],
  ['as many as are judged one by one', { files: 4, last: 1020 }, 1025],
  ['a burst that goes on', { files: 5, last: 1020 }, 1170],
  ['a burst that ended long ago', { files: 5000, last: 800 }, 1025],
  ['a burst without end', { files: 5000, last: 90_000 }, 11_000],
])('%s missing since 1000', (_case, burst, at) => {
  expect(goneAt(1000, burst)).toBe(at);
});
