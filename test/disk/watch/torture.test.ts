// Random changes at full speed while hinted scans run; afterwards, by hints alone, the snapshot must become what is on
// disk. TORTURE_RUNS=50 runs more of it, TORTURE_SEED=n begins at a seed, which only the long form takes at random,
// TORTURE_WATCH=chokidar|polling watches otherwise.

import { describe, expect, it } from 'vitest';
import { Snapshot } from '../../../src/core/snapshot.js';
import type { WatchKind } from '../../../src/disk/watch/open.js';
import { sized } from '../../support/sizes.js';
import { Churn } from '../../support/trees/churn.js';
import { flat, flatDisk, watch } from '../../support/trees/watched.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

const runs = Number(process.env.TORTURE_RUNS ?? sized(2, 50));
const firstSeed = Number(process.env.TORTURE_SEED ?? sized(553_907, Math.floor(Math.random() * 1e6)));
const churnMs = Number(process.env.TORTURE_MS ?? 1000);
const watchKind = process.env.TORTURE_WATCH as WatchKind | undefined;

describe(`after random changes, seeds from ${firstSeed}`, () => {
  it.each(Array.from({ length: runs }, (_, n) => firstSeed + n))('seed %i', { timeout: 60_000 }, async (seed) => {
    const outside = makeRoot('outside');
    const watched = watch({}, watchKind === undefined ? {} : { watchKind });
    const churn = new Churn(watched.root, outside, seed);
    await watched.scan();
    const steps = await stir(churn, () => (watched.hints > watched.scans.length - 1 ? watched.scan() : null));
    await watched.settle(300);
    removeRoot(outside);
    console.log(`seed ${seed}: ${steps} steps, ${watched.scans.length} scans, ${watched.scanner.snapshot.files} files`);
    expect(watched.scans.length, `scans, seed ${seed}`).toBeLessThan(2000);
    expect(watched.known(), `seed ${seed}`).toEqual(flatDisk(watched.root));
    expect(flat(told(watched.scans.flatMap((scan) => scan.entries))), `told, seed ${seed}`).toEqual(watched.known());
  });
});

/** @returns how many steps were made; scans run between bursts of them. */
async function stir(churn: Churn, scan: () => Promise<unknown> | null): Promise<number> {
  const until = Date.now() + churnMs;
  let steps = 0;
  let looking: Promise<unknown> | null = null;
  while (Date.now() < until) {
    for (let n = steps % 7; n >= 0; n--, steps++) churn.step();
    if (looking === null) {
      looking = scan();
      looking?.finally(() => {
        looking = null;
      });
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await looking;
  return steps;
}

/** @returns the tree that a listener builds from the differences alone. */
function told(entries: readonly { path: never; entry: never }[] | readonly unknown[]): Snapshot {
  const snapshot = new Snapshot();
  for (const { path, entry } of entries as { path: never; entry: never }[]) snapshot.put(path, entry);
  return snapshot;
}
