// S5: a start with many unchanged files that both sides have and the program knows: until a live one says that both are in
// sync, with both its processes started at once; until a run of one that is told has ended, with its server running.
import type { Pair, Program } from '../programs/program.js';
import type { Bench, Figure, Scenario } from '../scenario.js';
import { checkEqualTrees } from '../trees.js';
import { equalPair, time, timed, withStarted } from './work.js';

const MANY = 10_000;
const VERY_MANY = 100_000;

export const restart: Scenario = {
  name: 'S5',
  what: 'start with 100,000 and with 10,000 unchanged files, until in sync',
  programs: ['lockstep', 'rsync', 'unison', 'syncthing'],
  goals: [
    { measure: '100,000', of: { program: 'rsync' }, most: 2.5 },
    { measure: '100,000', of: { program: 'unison' }, most: 0.3 },
    { measure: '10,000', most: 450 },
  ],
  async run(program, bench): Promise<Figure[]> {
    const figures: Figure[] = [];
    for (const [files, measure] of [
      [VERY_MANY, '100,000'],
      [MANY, '10,000'],
    ] as const) {
      const pair = await equalPair(program, bench, files);
      figures.push(time(await restarted(program, pair, bench), measure));
      await checkEqualTrees(pair.a, pair.b);
    }
    return figures;
  },
};

/** @returns what it takes until both sides are in sync again, milliseconds. */
export async function restarted(program: Program, pair: Pair, { place }: Bench): Promise<number> {
  place.settle();
  if (!program.isLive) return withStarted(pair, () => timed(() => pair.sync()));
  try {
    return await timed(() => pair.start());
  } finally {
    await pair.stop();
  }
}
