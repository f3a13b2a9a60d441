// S7: what a pair that has nothing to do costs. The time it is measured for has one of Lockstep's full comparisons in it,
// which comes every 60 seconds.
import { setTimeout as delay } from 'node:timers/promises';
import { usageOf } from '../processes.js';
import type { Scenario } from '../scenario.js';
import { equalPair, withStarted } from './work.js';

const FILES = 100_000;
const SETTLE_MS = 10_000;
const MEASURE_MS = 60_000;

export const idle: Scenario = {
  name: 'S7',
  what: 'idle with 100,000 files for 60 s: processor time and memory of both sides',
  programs: ['lockstep', 'unison -repeat 1', 'syncthing'],
  goals: [
    { measure: 'cpu', most: 0.05 },
    { measure: 'resident', most: 240 },
  ],
  async run(program, bench) {
    const pair = await equalPair(program, bench, FILES);
    return withStarted(pair, async () => {
      await delay(bench.scaled(SETTLE_MS));
      const [before, since] = [usageOf(pair.running), performance.now()];
      await delay(bench.scaled(MEASURE_MS));
      const [after, seconds] = [usageOf(pair.running), (performance.now() - since) / 1000];
      return [
        { measure: 'cpu', value: (100 * (after.cpuSeconds - before.cpuSeconds)) / seconds, unit: '%' },
        { measure: 'resident', value: after.residentMiB, unit: 'MiB' },
      ];
    });
  },
};
