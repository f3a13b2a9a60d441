// The load in a quick form; `npm run test:load` gives it its full size: 50 clients, two minutes, 40 files of 1 KiB to 50
// MiB. LOCKSTEP_TEST_SEED repeats a run's choices.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Client } from '../../src/client/client.js';
import { PairOfPrograms, putWhole, treeOf } from '../support/programs.js';
import { ALWAYS_DONE, Load, startProbe } from './load.js';

const seconds = Number(process.env.LOCKSTEP_LOAD_SECONDS ?? '1');
const isFull = seconds >= 30;
const seed = Number(process.env.LOCKSTEP_TEST_SEED ?? Math.floor(Math.random() * 1_000_000));

let pair: PairOfPrograms;
beforeEach(async () => {
  pair = new PairOfPrograms();
  pair.asProcesses();
  await pair.start();
});
afterEach(() => pair.close());

const size = isFull ? { clients: 50, files: 10, maxBytes: 50 << 20 } : { clients: 12, files: 4, maxBytes: 1 << 20 };

test(`${size.clients} clients at once for ${seconds} s, seed ${seed}`, {
  timeout: seconds * 1000 + 300_000,
}, async () => {
  putWhole(pair.a, 'probe', 'probe');
  const report = await new Load(pair, { ...size, seconds, seed }).run();
  if (isFull) console.log(JSON.stringify(report, null, 1));
  expect(report.faults, `seed ${seed}`).toEqual([]);
  for (const what of ALWAYS_DONE) expect(report.done[what]).toBeGreaterThan(0);
  if (isFull) for (const { settled, most } of report.memory) expect(most - settled).toBeLessThanOrEqual(64);
  expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
  for (const root of [pair.a, pair.b]) expect(fs.readdirSync(path.join(root, '.lockstep/staging'))).toEqual([]);
});

test.runIf(isFull)('a list or a lock is answered while 1 GiB goes through', { timeout: 600_000 }, async () => {
  putWhole(pair.a, 'probe', 'probe');
  const client = await Client.connect({ server: `127.0.0.1:${pair.portA}`, user: 'carrier' });
  const piece = Buffer.alloc(1 << 20, 'lockstep');
  const figures: Record<string, object> = {};
  const during = async (what: string, work: () => Promise<unknown>) => {
    const probe = startProbe(pair.portA);
    const since = performance.now();
    await work();
    figures[what] = { ms: Math.round(performance.now() - since), ...(await probe.stop()) };
  };
  await during('nothing', () => new Promise((resolve) => setTimeout(resolve, 3_000)));
  await during('upload', () => client.upload(Array(1024).fill(piece), 'large', { size: 1 << 30 }));
  await during('sync', () => client.flush({ timeoutMs: 300_000 }));
  await during('download', async () => {
    for await (const _ of client.read('large'));
  });
  console.log(JSON.stringify(figures));
  client.close();
});
