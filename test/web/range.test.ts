// One range of bytes, as HTTP writes it.
import { expect, test } from 'vitest';
import { rangeOf } from '../../src/web/range.js';

test.each<[string | undefined, number, ReturnType<typeof rangeOf>]>([
  [undefined, 10, null],
  ['bytes=0-0', 10, { from: 0, to: 0 }],
  ['bytes=0-', 10, { from: 0, to: 9 }],
  ['bytes=9-99', 10, { from: 9, to: 9 }],
  ['bytes=10-', 10, 'none'],
  ['bytes=-0', 10, 'none'],
  ['bytes=-3', 10, { from: 7, to: 9 }],
  ['bytes=-99', 10, { from: 0, to: 9 }],
  ['bytes=0-', 0, 'none'],
  ['bytes=-1', 0, 'none'],
  ['bytes=5-4', 10, null],
  ['bytes=-', 10, null],
  ['bytes=1-2,4-5', 10, null],
  ['lines=1-2', 10, null],
  ['bytes=1-2x', 10, null],
  [`bytes=${'9'.repeat(16)}-`, 10, null],
])('%s of %i bytes', (header, size, range) => {
  expect(rangeOf(header, size)).toEqual(range);
});
