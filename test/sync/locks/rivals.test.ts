// Several people lock many of the same files at once, as a glob does: each file has exactly one holder, the others are
// told who that is, and those who wait for all of theirs get them, one after the other.
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client } from '../../../src/client/client.js';
import { BothServers } from '../../support/both-servers.js';
import { run } from '../../support/programs.js';
import { sized } from '../../support/sizes.js';

const USERS = ['ann', 'bob', 'cyd'];
const FILES = Array.from({ length: 12 }, (_, n) => `d/${String.fromCharCode(97 + n)} ü.txt`);
const FIRST = Number(process.env.LOCKSTEP_TEST_SEED ?? Date.now() % 2 ** 30);
const SEEDS = Array.from({ length: sized(4, 300) }, (_, n) => FIRST + n);

const servers = new BothServers();
const clients = new Map<string, Client>();
beforeAll(async () => {
  fs.mkdirSync(path.join(servers.a, 'd'));
  for (const name of FILES) fs.writeFileSync(path.join(servers.a, name), name);
  await servers.start();
  await servers.said('in-sync');
  for (const user of USERS) {
    clients.set(user, await Client.connect({ server: `127.0.0.1:${servers.port}`, user }));
  }
});
afterAll(async () => {
  for (const client of clients.values()) client.close();
  await servers.close();
});

/** Some of the files in some order, the same for the same seed. */
function chosen(chance: (below: number) => number): string[] {
  const some = FILES.filter(() => chance(4) > 0);
  for (let n = some.length - 1; n > 0; n--) {
    const other = chance(n + 1);
    [some[n], some[other]] = [some[other]!, some[n]!];
  }
  return some;
}

function chances(seed: number): (below: number) => number {
  let state = (seed % 2_147_483_646) + 1;
  return (below) => {
    state = (state * 16_807) % 2_147_483_647;
    return state % below;
  };
}

/** What each user requests. */
function wishes(seed: number): Map<string, string[]> {
  const chance = chances(seed);
  return new Map(USERS.map((user) => [user, chosen(chance)]));
}

const holders = async (): Promise<Map<string, string>> => {
  const { locks } = await clients.get('ann')!.locks();
  return new Map(locks.map(({ path: at, owner }) => [at, owner]));
};

describe(`many files by several people at once, seeds from ${FIRST}`, () => {
  test.each(SEEDS)('each has one holder, and whoever lost it is told who has it (seed %i)', async (seed) => {
    const asked = wishes(seed);
    const answers = await Promise.all(
      [...asked].map(async ([user, files]) => ({ user, files, results: await clients.get(user)!.lock(files) })),
    );
    const held = await holders();
    for (const { user, files, results } of answers) {
      expect(results.map((result) => result.path)).toEqual(files);
      for (const result of results) {
        const holder = held.get(result.path);
        if ('error' in result) {
          expect(holder).not.toBe(user);
          expect(result).toMatchObject({ error: { code: 'locked' }, lock: { owner: holder } });
          expect((result.error as { message: string }).message).toContain(holder);
        } else expect(holder).toBe(user);
      }
    }
    expect([...held.keys()].sort()).toEqual([...new Set([...asked.values()].flat())].sort());
    for (const [user, files] of asked) await clients.get(user)!.unlock(files.filter((at) => held.get(at) === user));
    expect((await holders()).size).toBe(0);
  });

  test.each(SEEDS)('all who wait get all of theirs, each alone (seed %i)', async (seed) => {
    const having = new Map<string, string>();
    await Promise.all(
      [...wishes(seed)].map(async ([user, files]) => {
        const client = clients.get(user)!;
        const results = await client.lock(files, { wait: true });
        expect(results.every((result) => !('error' in result))).toBe(true);
        for (const at of files) {
          expect(having.get(at)).toBeUndefined();
          having.set(at, user);
        }
        for (const at of files) having.delete(at);
        await client.unlock(files);
      }),
    );
    expect((await holders()).size).toBe(0);
  });
});

test('two programs with one glob: one gets the locks, the other is told so and exits with 3', async () => {
  const of = (user: string) =>
    run('client', ['--server', `127.0.0.1:${servers.port}`, '--as', user, '--json', 'lock', 'd/*']);
  const [ann, bob] = await Promise.all([of('ann'), of('bob')]);
  const held = await holders();
  expect(held.size).toBe(FILES.length);
  for (const [ran, user] of [
    [ann, 'ann'],
    [bob, 'bob'],
  ] as const) {
    const rows = ran.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { path: string; error?: { code: string } });
    expect(rows.map((row) => row.path).sort()).toEqual([...FILES].sort());
    for (const row of rows) expect(row.error?.code).toBe(held.get(row.path) === user ? undefined : 'locked');
    expect(ran.code).toBe(rows.some((row) => row.error !== undefined) ? 3 : 0);
  }
  for (const user of ['ann', 'bob']) await clients.get(user)!.unlock(FILES.filter((at) => held.get(at) === user));
});
