import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isoTime } from '../../src/core/iso-time.js';

describe('isoTime', () => {
  it('returns the same as Date', () => {
    const edges = [0, -1, 1, 86_399_999, 86_400_000, -86_400_000, 951_782_400_000, 4e12, 1e15, -1e14, 1.5, -1.5];
    for (const ms of edges) expect(isoTime(ms)).toBe(new Date(ms).toISOString());
    fc.assert(
      fc.property(fc.integer({ min: -8.64e15, max: 8.64e15 }), (ms) => isoTime(ms) === new Date(ms).toISOString()),
    );
  });

  it('works after the cache is full', () => {
    for (let day = 0; day < 10_000; day++) isoTime(day * 86_400_000);
    expect(isoTime(118)).toBe('1970-01-01T00:00:00.118Z');
  });
});
