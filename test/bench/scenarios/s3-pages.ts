// S3-pages: what ten pages that people have left open cost those who work: a change until it stands on the other side, a lock
// with its unlock, and a list, in turn without and with ten pages, at the same servers. A page here is one without a window.
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Running, runToEnd, usageOf } from '../processes.js';
import { LockstepPair, lockstep, programFile, project } from '../programs/lockstep.js';
import type { Bench, Figure, Scenario } from '../scenario.js';
import { median, percentile } from '../statistics.js';
import { nameOf } from '../trees.js';
import { Arrivals } from './arrivals.js';
import { LineClient } from './line-client.js';
import { equalPair, time, timed, withStarted } from './work.js';

const PAGES = 10;
const FILES = 10_000;
const ROUNDS = 4;
const CHANGES = 100;
const BETWEEN_MS = 50;
const LOCKS = 50;
const LISTS = 3;

/** The measures, each of them also `with pages`. */
interface Measured {
  readonly change: number[];
  /** Processor time of server-a for a change, which other processes on the machine do not lengthen. */
  readonly cpu: number[];
  readonly lock: number[];
  readonly list: number[];
}

const program = {
  ...lockstep,
  prepare: async (place: Bench['place']) => new LockstepPair(place, false, [], ['--web', '0']),
};

export const withPages: Scenario = {
  name: 'S3-pages',
  what: `a change every 50 ms, lock and unlock, "list" of 10,000 files: without and with ${PAGES} open pages`,
  programs: ['lockstep'],
  goals: ['p50', 'p99', 'lock', 'list'].map((measure) => ({
    ...{ measure: `${measure}, pages`, of: { program: 'lockstep', measure }, most: 1.25 },
  })),
  async run(_, bench): Promise<Figure[]> {
    const pair = (await equalPair(program, bench, FILES)) as LockstepPair;
    return withStarted(pair, async () => {
      const [alone, observed] = [emptyMeasures(), emptyMeasures()];
      for (let round = 0; round < ROUNDS; round++) {
        await measure(pair, bench, alone);
        const pages = await openPages(pair);
        await measure(pair, bench, observed);
        await pages.stop();
      }
      return [...figuresOf(alone, ''), ...figuresOf(observed, ', pages')];
    });
  },
};

const emptyMeasures = (): Measured => ({ change: [], cpu: [], lock: [], list: [] });

function figuresOf({ change, cpu, lock, list }: Measured, which: string): Figure[] {
  return [
    time(median(change), `p50${which}`),
    time(percentile(change, 0.99), `p99${which}`),
    time(median(cpu), `cpu${which}`),
    time(median(lock), `lock${which}`),
    time(median(list), `list${which}`),
  ];
}

async function measure(pair: LockstepPair, { scaled }: Bench, into: Measured): Promise<void> {
  const arrivals = new Arrivals(pair.a, pair.b, ['d0000', 'd0001']);
  const before = usageOf([pair.serverA]).cpuSeconds;
  into.change.push(...(await arrivals.measure(scaled(CHANGES), BETWEEN_MS)));
  into.cpu.push(((usageOf([pair.serverA]).cpuSeconds - before) * 1000) / scaled(CHANGES));
  arrivals.close();
  const client = await LineClient.connect(pair.port);
  for (let n = 0; n < scaled(LOCKS); n++)
    into.lock.push(
      await timed(async () => {
        for (const method of ['lock', 'unlock'])
          await client.ask(method, { targets: [{ path: nameOf(0) }], owner: 'bench' });
      }),
    );
  client.close();
  const list = [programFile('client'), '--server', `127.0.0.1:${pair.port}`, 'list'];
  for (let n = 0; n < scaled(LISTS); n++) into.list.push(await timed(() => runToEnd(process.execPath, list)));
}

/** @returns the pages, once each has all of the list. */
async function openPages({ port }: LockstepPair): Promise<Running> {
  const file = path.join(path.dirname(fileURLToPath(import.meta.url)), '../open-pages.js');
  const web = [programFile('client'), '--server', `127.0.0.1:${port}`, '--json', 'web'];
  const addresses = await Promise.all(
    Array.from({ length: PAGES }, async () => {
      const { address } = JSON.parse(await runToEnd(process.execPath, web)) as { readonly address: string };
      return address;
    }),
  );
  const pages = new Running(process.execPath, [file, path.join(project, 'dist/web/assets'), ...addresses]);
  const lines = createInterface({ input: pages.child.stdout! });
  await Promise.race([
    new Promise((resolve) => lines.once('line', resolve)),
    pages.ended.then((last) => Promise.reject(new Error(`The pages have ended: ${last}`))),
  ]);
  return pages;
}
