// The whole engine in a simulated world: seeds that failed once, some others, and the same seed twice. Thousands
// more: npm run test:sim -- --runs 100000 --seed 1
import { describe, expect, test } from 'vitest';
import { REGRESSIONS, WHOLE, WIDE } from './regressions.js';
import { run } from './run.js';

const FRESH = 20;
const BATCH = 10;

describe('seeds that broke a promise once', () => {
  test.each(REGRESSIONS)('%i: %s', async (seed) => {
    expect((await run({ seed, plain: true })).fault).toBeNull();
  });

  test.each(WHOLE)('%i in the whole world: %s', async (seed) => {
    expect((await run({ seed, early: true })).fault).toBeNull();
  });

  test.each(WIDE)('%i in the wide world: %s', async (seed) => {
    expect((await run({ seed })).fault).toBeNull();
  });
});

describe('seeds like any other', () => {
  const batches = Array.from({ length: FRESH / BATCH }, (_, n) => 1_000_000 + n * BATCH);
  test.each(batches)(`%i and the ${BATCH - 1} after it`, async (first) => {
    for (let seed = first; seed < first + BATCH; seed++)
      expect([seed, (await run({ seed })).fault]).toEqual([seed, null]);
  });
});

test('the same seed gives the same run', async () => {
  for (const seed of [3, 4, 5]) {
    const [once, again] = [await run({ seed, tracing: true }), await run({ seed, tracing: true })];
    expect(again.trace).toEqual(once.trace);
    expect(again.fingerprint).toBe(once.fingerprint);
  }
});
