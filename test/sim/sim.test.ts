// The whole engine in a simulated world: seeds that failed once, some others, and the same seed twice. Thousands
// more: npm run test:sim -- --runs 100000 --seed 1
import { describe, expect, test } from 'vitest';
import { REGRESSIONS, WHOLE, WIDE, WITH_EDITORS } from './regressions.js';
import { run } from './run.js';

const FRESH = 10;
const BATCH = 5;

describe('seeds that broke a promise once', () => {
  test.each(REGRESSIONS)('%i: %s', async (seed) => {
    expect((await run({ seed, width: 'plain' })).fault).toBeNull();
  });

  test.each(WHOLE)('%i in the whole world: %s', async (seed) => {
    expect((await run({ seed, width: 'early' })).fault).toBeNull();
  });

  test.each(WIDE)('%i in the wide world: %s', async (seed) => {
    expect((await run({ seed, width: 'wide' })).fault).toBeNull();
  });

  test.each(WITH_EDITORS)('%i with editors: %s', async (seed) => {
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

/** Documents that are open on both sides, in work, taken by force, left by a crash, and away for longer than they may be. */
test.each([1, 29, 31, 39, 51])('%i, where documents are open', async (seed) => {
  expect((await run({ seed })).fault).toBeNull();
});

test('the same seed gives the same run', async () => {
  for (const seed of [3, 4, 5]) {
    const [once, again] = [await run({ seed, tracing: true }), await run({ seed, tracing: true })];
    expect(again.trace).toEqual(once.trace);
    expect(again.fingerprint).toBe(once.fingerprint);
  }
});
