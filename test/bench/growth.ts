// How Lockstep's cost grows with the work: more files, and a larger file.
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { load } from './machine.js';
import { Place } from './place.js';
import { memoryOf, usageOf } from './processes.js';
import { LockstepPair, lockstep } from './programs/lockstep.js';
import type { FilesRow, GrowthReport, Options, SizeRow } from './report.js';
import { benchIn } from './run.js';
import type { Bench } from './scenario.js';
import { sendLarge } from './scenarios/s2-large-file.js';
import { restarted } from './scenarios/s5-restart.js';
import { growthOf } from './scenarios/s9-memory.js';
import { firstSync, withStarted } from './scenarios/work.js';
import { bytesBelow, checkEqualTrees } from './trees.js';

const FILES = [1_000, 10_000, 100_000, 500_000];
const MEBIBYTES = [1, 64, 1024, 4096];
/** What is left of the work of a start is done by then. */
const SETTLE_MS = 2_000;

/** How far to go. */
export interface Limits {
  readonly maxFiles: number;
  readonly maxMebibytes: number;
}

export const NO_LIMITS: Limits = { maxFiles: FILES.at(-1)!, maxMebibytes: MEBIBYTES.at(-1)! };

/** @param say is told what was measured, as soon as it was. */
export async function measureGrowth(
  { where, scale }: Options,
  { maxFiles, maxMebibytes }: Limits,
  say: (text: string) => void,
): Promise<GrowthReport> {
  const before = load();
  const place = new Place(where);
  const bench = benchIn(place, scale);
  const files: FilesRow[] = [];
  for (const count of FILES.filter((one) => one <= maxFiles)) {
    files.push(await manyFiles(bench, count));
    say(`growth: ${count} files`);
  }
  const sizes: SizeRow[] = [];
  for (const mebibytes of MEBIBYTES.filter((one) => one <= maxMebibytes)) {
    sizes.push(await largeFile(bench, mebibytes));
    say(`growth: ${mebibytes} MiB`);
  }
  place.close();
  return { load: before, where: place.isMemory ? 'memory' : 'disk', files, sizes };
}

async function manyFiles(bench: Bench, files: number): Promise<FilesRow> {
  const pair = new LockstepPair(bench.place);
  let cpuSeconds = 0;
  let peakMiB: readonly [number, number] = [0, 0];
  const firstMs = await firstSync(pair, bench, files, () => {
    cpuSeconds = usageOf(pair.running).cpuSeconds;
    peakMiB = [memoryOf(pair.serverA.pid).peakMiB, memoryOf(pair.serverB.pid).peakMiB];
  });
  const restartMs = await restarted(lockstep, pair, bench);
  const residentMiB = await withStarted(pair, async (): Promise<[number, number]> => {
    await delay(SETTLE_MS);
    return [memoryOf(pair.serverA.pid).residentMiB, memoryOf(pair.serverB.pid).residentMiB];
  });
  const stateBytes = bytesBelow(path.join(pair.a, '.lockstep'));
  bench.place.drop(pair.a, pair.b);
  return { files: bench.scaled(files), firstMs, cpuSeconds, peakMiB, restartMs, residentMiB, stateBytes };
}

async function largeFile(bench: Bench, mebibytes: number): Promise<SizeRow> {
  const pair = new LockstepPair(bench.place);
  const row = await withStarted(pair, async (): Promise<SizeRow> => {
    const growth = growthOf(pair);
    const firstMs = await sendLarge(pair, bench, mebibytes);
    const [a, b] = growth();
    return { mebibytes: bench.scaled(mebibytes), firstMs, growthMiB: [a!.value, b!.value] };
  });
  await checkEqualTrees(pair.a, pair.b);
  bench.place.dropLarge(pair.a, pair.b);
  fs.rmSync(bench.place.random(bench.scaled(mebibytes)));
  return row;
}
