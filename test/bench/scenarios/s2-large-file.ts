// S2: a file of 1 GiB appears on one side. Lockstep and Syncthing make it durable, the others do not.
import fs from 'node:fs';
import path from 'node:path';
import type { Pair } from '../programs/program.js';
import type { Bench, Scenario } from '../scenario.js';
import { checkEqualTrees } from '../trees.js';
import { time, timed, withStarted } from './work.js';

export const GIBIBYTE_IN_MIB = 1024;

export const oneLargeFile: Scenario = {
  name: 'S2',
  what: 'first sync of one file of 1 GiB',
  programs: ['lockstep', 'rsync', 'unison', 'syncthing'],
  goals: [{ measure: 'time', of: { program: 'rsync' }, most: 0.8 }],
  async run(program, bench) {
    const pair = await program.prepare(bench.place);
    const ms = await withStarted(pair, () => sendLarge(pair, bench, GIBIBYTE_IN_MIB));
    await checkEqualTrees(pair.a, pair.b);
    bench.place.dropLarge(pair.a, pair.b);
    return [time(ms)];
  },
};

/**
 * Puts a file of random bytes, whole, into directory a.
 * @param begins called when the file is ready: making it blocks this process.
 * @returns what the synchronisation took, milliseconds.
 */
export async function sendLarge(
  pair: Pair,
  { place, scaled }: Bench,
  mebibytes: number,
  begins: () => void = () => {},
): Promise<number> {
  const copy = path.join(place.fresh('beside'), 'large');
  fs.copyFileSync(place.random(scaled(mebibytes)), copy);
  place.settle();
  begins();
  return timed(async () => {
    fs.renameSync(copy, path.join(pair.a, 'large'));
    await pair.sync();
  });
}
