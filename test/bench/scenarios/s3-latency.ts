// S3: how long 4 KiB take until they stand on the other side: for programs that watch, while a change is made every 50 ms;
// and for Lockstep alone with a change now and then, in trees of several sizes, and right after a start.
import type { Pair } from '../programs/program.js';
import type { Bench, Figure, Scenario } from '../scenario.js';
import { median, percentile } from '../statistics.js';
import { checkEqualTrees } from '../trees.js';
import { Arrivals } from './arrivals.js';
import { equalPair, time, withStarted } from './work.js';

const CHANGES = 200;
const BETWEEN_MS = 50;
const SETTLED_CHANGES = 40;
const SETTLED_BETWEEN_MS = 150;
const TREES = [10, 10_000, 100_000];

export const latency: Scenario = {
  name: 'S3',
  what: '4 KiB until they stand on the other side, a change every 50 ms, 200 of them',
  programs: ['lockstep', 'lsyncd', 'unison -repeat 1', 'syncthing'],
  goals: [
    { measure: 'p50', most: 5 },
    { measure: 'p99', most: 20 },
  ],
  async run(program, bench) {
    const pair = await equalPair(program, bench, CHANGES);
    const all = await withStarted(pair, () => changesIn(pair, bench.scaled(CHANGES), BETWEEN_MS));
    await checkEqualTrees(pair.a, pair.b);
    return [time(median(all), 'p50'), time(percentile(all, 0.99), 'p99'), time(Math.max(...all), 'worst')];
  },
};

export const latencyInTrees: Scenario = {
  name: 'S3-tree',
  what: 'the same with a change every 150 ms, in trees of several sizes, and the first change after a start',
  programs: ['lockstep'],
  goals: TREES.flatMap((files) => [
    { measure: `p50 of ${counted(files)}`, most: 8 },
    { measure: `first of ${counted(files)}`, most: 30 },
  ]),
  async run(program, bench) {
    const figures: Figure[] = [];
    for (const files of TREES) {
      const pair = await equalPair(program, bench, files);
      figures.push(...(await inTree(pair, bench, files)));
      await checkEqualTrees(pair.a, pair.b);
    }
    return figures;
  },
};

async function inTree(pair: Pair, bench: Bench, files: number): Promise<Figure[]> {
  return withStarted(pair, async () => {
    const [first] = await changesIn(pair, 1, SETTLED_BETWEEN_MS);
    const rest = await changesIn(pair, bench.scaled(SETTLED_CHANGES), SETTLED_BETWEEN_MS);
    return [time(median(rest), `p50 of ${counted(files)}`), time(first!, `first of ${counted(files)}`)];
  });
}

function counted(files: number): string {
  return files.toLocaleString('en');
}

/** Changes files of the first two directories. @returns what each change took, milliseconds. */
async function changesIn(pair: Pair, changes: number, betweenMs: number): Promise<number[]> {
  const arrivals = new Arrivals(pair.a, pair.b, ['d0000', 'd0001']);
  try {
    return await arrivals.measure(changes, betweenMs);
  } finally {
    arrivals.close();
  }
}
