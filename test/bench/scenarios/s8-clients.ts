// S8: what a person waits for a command, and how many locks a second are taken and given back, each of them on disk before
// it is granted.
import { runToEnd } from '../processes.js';
import { type LockstepPair, programFile } from '../programs/lockstep.js';
import type { Bench, Figure, Scenario } from '../scenario.js';
import { median } from '../statistics.js';
import { nameOf } from '../trees.js';
import { LineClient } from './line-client.js';
import { equalPair, time, timed, withStarted } from './work.js';

const STARTS = 9;
const LISTS = 5;
const CONNECTIONS = 128;
const LOCK_MS = 3_000;
const PAIRS_OF_ONE = 300;
/** One for each connection, in any scale. */
const LOCKABLE = 1_000;
const LISTED = [10_000, 100_000];

export const commands: Scenario = {
  name: 'S8',
  what: 'commands: the start of the client, "list" of 10,000 and of 100,000 files',
  programs: ['lockstep', 'node'],
  goals: [
    { measure: 'start', most: 100 },
    { measure: 'list 10,000', most: 140 },
    { measure: 'list 100,000', most: 350 },
  ],
  async run(program, bench): Promise<Figure[]> {
    if (program.name === 'node') return [time(await medianOf(STARTS, ['-e', '0']), 'start')];
    const figures = [time(await medianOf(STARTS, [programFile('client'), '--version']), 'start')];
    for (const files of LISTED) {
      const pair = (await equalPair(program, bench, files)) as LockstepPair;
      const ms = await withStarted(pair, () => {
        return medianOf(LISTS, [programFile('client'), '--server', `127.0.0.1:${pair.port}`, 'list']);
      });
      figures.push(time(ms, `list ${files.toLocaleString('en')}`));
    }
    return figures;
  },
};

async function medianOf(times: number, args: readonly string[]): Promise<number> {
  const all: number[] = [];
  for (let n = 0; n < times; n++) all.push(await timed(() => runToEnd(process.execPath, args)));
  return median(all);
}

export const locks: Scenario = {
  name: 'S8-locks',
  what: 'lock and unlock, durable: pairs a second over 128 connections, and one pair over one',
  programs: ['lockstep', 'lockstep --no-fsync'],
  goals: [
    { measure: '128 connections', least: 8_000 },
    { measure: 'one connection', most: 1.5 },
  ],
  async run(program, bench): Promise<Figure[]> {
    const whole = { ...bench, scaled: (amount: number) => amount };
    const pair = (await equalPair(program, whole, LOCKABLE)) as LockstepPair;
    return withStarted(pair, async () => {
      const one = await pairsOfOne(pair, bench);
      return [
        { measure: '128 connections', value: await pairsASecond(pair, bench), unit: '/s' },
        { measure: 'one connection', value: one, unit: 'ms' },
      ];
    });
  },
};

/** @returns what one pair takes where nobody else asks, milliseconds. */
async function pairsOfOne({ port }: LockstepPair, { scaled }: Bench): Promise<number> {
  const client = await LineClient.connect(port);
  const all: number[] = [];
  for (let n = 0; n < scaled(PAIRS_OF_ONE); n++) all.push(await timed(() => lockAndUnlock(client, nameOf(0), 'one')));
  client.close();
  return median(all);
}

/** Each connection locks and unlocks a file of its own, one request at a time. */
async function pairsASecond({ port }: LockstepPair, { scaled }: Bench): Promise<number> {
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => LineClient.connect(port)));
  let pairs = 0;
  const since = performance.now();
  const end = since + scaled(LOCK_MS);
  await Promise.all(
    clients.map(async (client, n) => {
      for (; performance.now() < end; pairs++) await lockAndUnlock(client, nameOf(n), `user${n}`);
    }),
  );
  const seconds = (performance.now() - since) / 1000;
  for (const client of clients) client.close();
  return pairs / seconds;
}

async function lockAndUnlock(client: LineClient, path: string, owner: string): Promise<void> {
  for (const method of ['lock', 'unlock']) {
    const answer = await client.ask(method, { targets: [{ path }], owner });
    if (!answer.includes('"changed":true')) throw new Error(`${method} of ${path} was answered: ${answer}`);
  }
}
