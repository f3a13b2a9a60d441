// Which rows of a long list have to be there: what is seen is always among them.
import { describe, expect, test } from 'vitest';
import { listHeight, rowWindow, scrolledTo } from '../../../../src/web/page/words/window.js';

const shape = (rows: number) => ({ rows, rowHeight: 48, viewHeight: 800 });

describe.each([0, 1, 16, 17, 1_000, 100_000, 1_500_000])('%i rows', (rows) => {
  const end = Math.max(0, listHeight(shape(rows)) - 800);
  test.each([-500, 0, 1, 47, 48, 10_000, end / 2, end - 1, end, end + 300])('at %i', (scrolled) => {
    const { from, to, top } = rowWindow(shape(rows), scrolled);
    expect(from).toBeGreaterThanOrEqual(0);
    expect(to).toBeLessThanOrEqual(rows);
    expect(to - from).toBeLessThan(60);
    if (rows === 0 || scrolled < 0 || scrolled > end) return;
    expect(top).toBeLessThanOrEqual(scrolled);
    // The last row ends where the view ends, or below; at the end of the list, where the list ends.
    const bottom = Math.min(scrolled + 800, listHeight(shape(rows)));
    expect(top + (to - from) * 48).toBeGreaterThanOrEqual(bottom - 48);
    if (scrolled >= end) expect(to).toBe(rows);
  });
});

test('the list is no taller than a browser can lay out', () => {
  expect(listHeight(shape(1_500_000))).toBe(15_000_000);
});

test.each([
  ['a row above', 100, 4_800, 4_800],
  ['a row below', 200, 4_800, 8_848],
  ['a row that is seen', 110, 4_800, 4_800],
  ['a row under the search bar', 101, 4_800, 4_792],
])('scrolls to %s', (_, row, from, to) => {
  const sticky = row === 100 || row === 101 ? 56 : 0;
  const expected = row === 100 ? to - 56 : to;
  expect(scrolledTo(shape(1_000), from, row, sticky)).toBe(expected);
});

test.each([0, 1, 700_000, 1_499_999])('row %i of very many is seen after scrolling to it', (row) => {
  const scrolled = scrolledTo(shape(1_500_000), 7_000_000, row);
  const { from, to } = rowWindow(shape(1_500_000), scrolled);
  expect(row >= from && row < to).toBe(true);
});
