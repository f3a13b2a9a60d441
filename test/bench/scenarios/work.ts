// What several scenarios do.
import fs from 'node:fs';
import path from 'node:path';
import type { Pair, Program } from '../programs/program.js';
import type { Bench, Figure } from '../scenario.js';
import { checkEqualTrees, makeTree } from '../trees.js';

/** The name under which a tree appears in a root. */
const TREE = 'tree';

/** @returns what `work` took, milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

export const time = (value: number, measure = 'time'): Figure => ({ measure, value, unit: 'ms' });

/** Runs `work` with a pair that is started, and stops it whatever happens. */
export async function withStarted<T>(pair: Pair, work: () => Promise<T>): Promise<T> {
  try {
    await pair.start();
    return await work();
  } finally {
    await pair.stop();
  }
}

/**
 * The first synchronisation: both sides run, empty, and a whole tree is renamed into directory a. A program that is told
 * finds it there and is told then.
 * @param meanwhile what is asked while both still run, after the synchronisation.
 * @returns what it took, milliseconds.
 */
export async function firstSync(
  pair: Pair,
  { place, scaled }: Bench,
  files: number,
  meanwhile: () => void = () => {},
): Promise<number> {
  const beside = place.fresh('beside');
  await makeTree(path.join(beside, TREE), scaled(files));
  const ms = await withStarted(pair, async () => {
    place.settle();
    const took = await timed(async () => {
      fs.renameSync(path.join(beside, TREE), path.join(pair.a, TREE));
      await pair.sync();
    });
    meanwhile();
    return took;
  });
  await checkEqualTrees(pair.a, pair.b);
  return ms;
}

/** Makes a pair that has the same files on both sides, once for each program, and lets the program get to know them. */
export function equalPair(program: Program, { place, scaled }: Bench, files: number): Promise<Pair> {
  return place.keep(`${program.name} ${files}`, async () => {
    const pair = await program.prepare(place);
    await makeTree(pair.a, scaled(files));
    await makeTree(pair.b, scaled(files));
    await withStarted(pair, () => pair.sync());
    return pair;
  });
}
