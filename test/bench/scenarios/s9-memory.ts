// S9: what 1 GiB that goes through costs in memory, how long somebody who asks for the list meanwhile waits, and what many
// files take at most.
import { setTimeout as delay } from 'node:timers/promises';
import { memoryOf, resetPeak } from '../processes.js';
import { LockstepPair } from '../programs/lockstep.js';
import type { Bench, Figure, Scenario } from '../scenario.js';
import { checkEqualTrees } from '../trees.js';
import { LineClient } from './line-client.js';
import { GIBIBYTE_IN_MIB, sendLarge } from './s2-large-file.js';
import { firstSync, time, timed, withStarted } from './work.js';

const BETWEEN_MS = 10;
const FILES = 200_000;

export const memory: Scenario = {
  name: 'S9',
  what: 'memory while 1 GiB goes through, the longest "list" meanwhile, the peak with 200,000 files',
  programs: ['lockstep'],
  goals: [
    { measure: 'growth a', most: 64 },
    { measure: 'growth b', most: 64 },
    { measure: 'list', most: 50 },
    { measure: 'peak a', most: 250 },
    { measure: 'peak b', most: 250 },
  ],
  run: async (_, bench) => [...(await large(bench)), ...(await many(bench))],
};

async function large(bench: Bench): Promise<Figure[]> {
  const pair = new LockstepPair(bench.place);
  const figures = await withStarted(pair, async () => {
    const growth = growthOf(pair);
    const asking = new Asking(await LineClient.connect(pair.port));
    await sendLarge(pair, bench, GIBIBYTE_IN_MIB, () => asking.start());
    const list = await asking.stop();
    return [...growth(), time(list, 'list')];
  });
  await checkEqualTrees(pair.a, pair.b);
  bench.place.dropLarge(pair.a, pair.b);
  return figures;
}

/** @returns what tells how far the memory of each server has grown since. */
export function growthOf(pair: LockstepPair): () => Figure[] {
  const servers = [pair.serverA.pid, pair.serverB.pid];
  servers.forEach(resetPeak);
  const before = servers.map((pid) => memoryOf(pid).residentMiB);
  return () =>
    servers.map((pid, i) => {
      return { measure: `growth ${'ab'[i]}`, value: memoryOf(pid).peakMiB - before[i]!, unit: 'MiB' };
    });
}

async function many(bench: Bench): Promise<Figure[]> {
  const pair = new LockstepPair(bench.place);
  let peaks: number[] = [];
  await firstSync(pair, bench, FILES, () => {
    peaks = [pair.serverA, pair.serverB].map(({ pid }) => memoryOf(pid).peakMiB);
  });
  bench.place.drop(pair.a, pair.b);
  return peaks.map((value, i): Figure => ({ measure: `peak ${'ab'[i]}`, value, unit: 'MiB' }));
}

/** Asks for the list again and again. */
class Asking {
  #longest = 0;
  #isStopped = false;
  readonly #client: LineClient;
  #ended: Promise<void> = Promise.resolve();

  constructor(client: LineClient) {
    this.#client = client;
  }

  start(): void {
    this.#ended = this.#ask();
    this.#ended.catch(() => {});
  }

  /** @returns how long the longest answer took, milliseconds. */
  async stop(): Promise<number> {
    this.#isStopped = true;
    await this.#ended;
    return this.#longest;
  }

  async #ask(): Promise<void> {
    while (!this.#isStopped) {
      this.#longest = Math.max(this.#longest, await timed(() => this.#client.ask('list')));
      await delay(BETWEEN_MS);
    }
    this.#client.close();
  }
}
