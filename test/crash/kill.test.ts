// SCENARIO 21, at large: kill -9 of either server or both, hundreds of times, while two people work. Every run says its
// seed; LOCKSTEP_TEST_SEED runs that one alone, LOCKSTEP_TEST_KILLS says how often (200).
import { expect, test } from 'vitest';
import { crashRun } from '../support/crash-run.js';

/** Seeds that once failed. */
const FAILED: number[] = [];

const kills = Number(process.env.LOCKSTEP_TEST_KILLS ?? 200);
const asked = process.env.LOCKSTEP_TEST_SEED;
const seeds = asked === undefined ? [...FAILED, Date.now() % 1_000_000] : [Number(asked)];

test.each(seeds)(
  'SCENARIO 21: killed at random while two people work, seed %i',
  { timeout: 3_600_000 },
  async (seed) => {
    const figures = await crashRun({ seed, kills, checkEvery: 10 });
    console.log(`seed ${seed}: ${JSON.stringify(figures)}`);
    expect(figures.kills).toBe(kills);
  },
);
