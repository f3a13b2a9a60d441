// S1: the first synchronisation of many small files. The one on a disk compares those that flush: elsewhere flushing costs
// nothing, and the programs themselves are compared.
import type { Program } from '../programs/program.js';
import type { Bench, Figure, Scenario } from '../scenario.js';
import { firstSync, time } from './work.js';

const MANY = 10_000;
const VERY_MANY = 100_000;

export const firstSyncOfMany: Scenario = {
  name: 'S1',
  what: 'first sync of 10,000 files of 1 to 8 KiB',
  programs: ['lockstep', 'rsync', 'unison', 'syncthing'],
  goals: [
    { measure: 'time', of: { program: 'rsync' }, most: 2.5 },
    { measure: 'time', of: { program: 'unison' }, most: 0.5 },
  ],
  run: async (program, bench) => [time(await synced(program, bench, MANY))],
};

export const durableFirstSync: Scenario = {
  name: 'S1-disk',
  what: 'the same, durable',
  programs: ['lockstep', 'lockstep --no-fsync', 'rsync --fsync', 'syncthing'],
  goals: [{ measure: 'time', of: { program: 'rsync --fsync' }, most: 0.4 }],
  where: 'disk',
  run: async (program, bench) => [time(await synced(program, bench, MANY))],
};

export const firstSyncOfVeryMany: Scenario = {
  name: 'S1-100k',
  what: 'first sync of 100,000 files of 1 to 8 KiB',
  programs: ['lockstep', 'rsync', 'unison', 'syncthing'],
  goals: [
    { measure: 'time', of: { program: 'unison' }, most: 0.2 },
    { measure: 'time', of: { program: 'lockstep', measure: '10,000' }, most: 11 },
  ],
  async run(program, bench): Promise<Figure[]> {
    const figures: Figure[] = [];
    if (program.name === 'lockstep') figures.push(time(await synced(program, bench, MANY), '10,000'));
    return [time(await synced(program, bench, VERY_MANY)), ...figures];
  },
};

async function synced(program: Program, bench: Bench, files: number): Promise<number> {
  const pair = await program.prepare(bench.place);
  const ms = await firstSync(pair, bench, files);
  bench.place.drop(pair.a, pair.b);
  return ms;
}
