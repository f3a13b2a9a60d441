// Crowds at one lock, with server-a killed in between: exactly one holds it, everybody's turn comes, in order.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Client } from '../../src/index.js';
import { PairOfPrograms, putWhole } from '../support/programs.js';

const FULL = process.env.LOCKSTEP_TEST_FULL === '1';
const CROWD = FULL ? 200 : 25;
const CROWD_MS = FULL ? 60_000 : 8_000;
const MOST_CROWD_MS = 480_000;
const KILL_EVERY_MS = 3_000;
const LINE = FULL ? 1_000 : 100;
const FILES = ['f0', 'f1', 'f2', 'f3', 'f4'];

const pair = new PairOfPrograms();
const connect = (user: string) => Client.connect({ server: `127.0.0.1:${pair.portA}`, user });
const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

beforeAll(async () => {
  for (const name of FILES) putWhole(pair.a, name, 'x');
  await pair.start();
});
afterAll(() => pair.close());

test(`${LINE} clients on one lock are served in exact order`, { timeout: 600_000 }, async () => {
  const holder = await connect('first');
  await holder.lock(['f0']);
  const order: number[] = [];
  const turns: Promise<void>[] = [];
  for (let n = 0; n < LINE; n++) {
    const client = await connect(`o${n}`);
    await new Promise<void>((joined) => {
      const granted = client.lock(['f0'], { wait: true, onWaiting: () => joined() });
      turns.push(
        granted.then(async ([answer]) => {
          expect(answer).toMatchObject({ changed: true, owner: `o${n}` });
          order.push(n);
          await client.unlock(['f0']);
          client.close();
        }),
      );
    });
  }
  await holder.unlock(['f0']);
  await Promise.all(turns);
  holder.close();
  expect(order).toEqual(Array.from({ length: LINE }, (_, n) => n));
});

test(`${CROWD} clients contend for 5 files while server-a is killed again and again`, {
  timeout: 600_000,
}, async () => {
  /** Who was told that he holds it, and whether he has asked to be rid of it since. */
  const holders = new Map<string, { readonly owner: string; releasing: boolean }>();
  const tokens = new Map<string, number>();
  const grants = new Map<string, number>();
  const faults: string[] = [];
  const begun = Date.now();
  /** On a slow machine it takes longer until everybody had a turn; the kills go on as long. */
  const isOver = () => {
    const ms = Date.now() - begun;
    return ms >= CROWD_MS && (grants.size === CROWD || ms >= MOST_CROWD_MS);
  };
  const granted = (file: string, owner: string, token: number) => {
    const holder = holders.get(file);
    if (holder !== undefined && holder.owner !== owner && !holder.releasing) {
      faults.push(`${file} is held by ${holder.owner} and ${owner}`);
    }
    if (token < (tokens.get(file) ?? 0)) faults.push(`${file}: token ${token} after ${tokens.get(file)}`);
    tokens.set(file, token);
    holders.set(file, { owner, releasing: false });
    grants.set(owner, (grants.get(owner) ?? 0) + 1);
  };
  const release = async (client: Client, file: string, owner: string) => {
    const holder = holders.get(file);
    if (holder?.owner === owner) holder.releasing = true;
    await client.unlock([file]);
    if (holders.get(file)?.owner === owner) holders.delete(file);
  };
  const live = async (n: number) => {
    const owner = `c${n}`;
    let client: Client | null = null;
    let file: string | null = null;
    for (let round = 0; !isOver() || file !== null; ) {
      try {
        client ??= await connect(owner);
        // After a kill nobody knows what became of what he asked for: he gives it back, and stands in line anew.
        if (file !== null) await release(client, file, owner);
        file = FILES[(n + round++) % FILES.length]!;
        if (isOver()) return client.close();
        const [answer] = await client.lock([file], { wait: true });
        if (answer !== undefined && !('error' in answer)) granted(file, owner, (answer as { token?: number }).token!);
        await release(client, file, owner);
        file = null;
      } catch {
        client?.close();
        client = null;
        await after(50);
      }
    }
    client?.close();
  };
  const crowd = Promise.all(Array.from({ length: CROWD }, (_, n) => live(n)));
  let kills = 0;
  while (!isOver()) {
    await after(KILL_EVERY_MS);
    if (isOver()) break;
    await pair.serverA.crash();
    await pair.startA();
    kills++;
  }
  await crowd;
  expect(faults).toEqual([]);
  expect(kills).toBeGreaterThan(0);
  expect(grants.size).toBe(CROWD);
  const last = await connect('last');
  expect((await last.locks()).locks).toEqual([]);
  last.close();
  const all = [...grants.values()].reduce((sum, count) => sum + count, 0);
  console.log(`${all} grants to ${CROWD} clients, ${kills} kills`);
});
