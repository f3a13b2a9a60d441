// Locks between real programs: what two people with one drawing go through.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { minuteText } from '../../src/cli/render/time.js';
import { Client } from '../../src/index.js';
import { PairOfPrograms, project, putWhole, type Said, textOf, until } from '../support/programs.js';

const FULL = process.env.LOCKSTEP_TEST_FULL === '1';
const MINUTE = 60_000;

let pair: PairOfPrograms;
const clients = new Map<string, Client>();

/** A connection of `user`, kept while server-a lives. */
async function as(user: string): Promise<Client> {
  let client = clients.get(user);
  if (client === undefined) {
    client = await Client.connect({ server: `127.0.0.1:${pair.portA}`, user });
    clients.set(user, client);
    void client.closed.then(() => clients.delete(user));
  }
  return client;
}

/** A file that is the same on both sides. */
async function shared(name: string, content = 'v0'): Promise<void> {
  putWhole(pair.a, name, content);
  await pair.flush();
  expect(textOf(pair.b, name)).toBe(content);
}

const lock = async (name: string, user = 'ann', more: Parameters<Client['lock']>[1] = {}) =>
  (await (await as(user)).lock([name], more))[0]!;
const unlock = async (name: string, user = 'ann', more: Parameters<Client['unlock']>[1] = {}) =>
  (await (await as(user)).unlock([name], more))[0]!;
const heldOf = async (name: string) => (await (await as('ann')).held(name)).held;

/** Waits until `count` updates of `name` are held. */
const untilHeld = (name: string, count: number) =>
  until(
    async () => (await heldOf(name)).length === count,
    () => `${count} held updates of ${name}`,
  );
const saysAt = (event: string, name: string) => (said: Said) => said.event === event && said.path === name;

/** The contents of the versions that both sides keep of `name`, newest first. */
async function versionsOf(name: string): Promise<string[]> {
  const { versions } = await (await as('ann')).versions(name);
  return versions.map(({ side, where }) => fs.readFileSync(path.join(side === 'a' ? pair.a : pair.b, where), 'utf8'));
}

const copiesIn = (root: string, stem: string) =>
  fs.readdirSync(root).filter((name) => name.startsWith(`${stem} (conflict`));

beforeAll(async () => {
  pair = new PairOfPrograms();
  await pair.start();
}, MINUTE);

afterAll(async () => {
  for (const client of clients.values()) client.close();
  await pair.close();
});

describe.concurrent('two people, one file', { timeout: MINUTE }, () => {
  test('SCENARIO 31: of many who lock it in one moment one has it, and the others learn who, when and why', async () => {
    await shared('31.dwg');
    const users = Array.from({ length: 20 }, (_, n) => `user${n}`);
    await Promise.all(users.map(as));
    const answers = await Promise.all(users.map((user) => lock('31.dwg', user, { message: `why ${user}` })));
    const winners = answers.filter(({ changed }) => changed);
    expect(winners).toHaveLength(1);
    const { owner, since, message } = winners[0] as unknown as Record<string, string>;
    for (const answer of answers) {
      if (answer.changed) continue;
      expect(answer).toMatchObject({ error: { code: 'locked' }, lock: { owner, since, message, held: 0 } });
    }
    const { code, stdout, stderr } = await pair.client('--as', 'late', 'lock', '31.dwg');
    expect([code, stdout]).toEqual([3, '']);
    for (const word of [owner!, minuteText(since!), message!]) expect(stderr).toContain(word);
  });

  const noScript = spawnSync('script', ['--version']).status !== 0;
  test.skipIf(noScript)('SCENARIO 32: a number means the file that was shown, whatever has come since', async () => {
    for (const name of ['32-a', '32-b']) await shared(`32/${name}`);
    const client = `${path.join(project, 'bin/client')} --server 127.0.0.1:${pair.portA} --as ann`;
    const { entries } = await (await as('ann')).list();
    const { index } = entries.find((entry) => entry.path === '32/32-b')!;
    const put = `echo new > '${path.join(pair.a, '32/0-comes-before')}'`;
    const line = `${client} list > /dev/tty; ${put}; ${client} flush; ${client} lock ${index}`;
    const { TERM = 'dumb' } = process.env;
    const shown = execFileSync('script', ['-qec', `sh -c "${line.replaceAll('"', '\\"')}"`, '/dev/null'], {
      env: { ...pair.env, TERM },
      encoding: 'utf8',
    });
    expect(shown).toMatch(/Locked 32\/32-b for ann/);
    const after = (await (await as('ann')).list()).entries[index]!;
    expect([after.path, after.lock]).toEqual(['32/32-a', null]);
    await unlock('32/32-b');
  });

  test('SCENARIO 33: five edits on the other side wait in order, take effect in order, and 1 to 4 can be had back', async () => {
    await shared('33.dwg');
    await lock('33.dwg');
    for (const n of [1, 2, 3, 4, 5]) {
      putWhole(pair.b, '33.dwg', `v${n}`);
      await untilHeld('33.dwg', n);
    }
    expect([textOf(pair.a, '33.dwg'), textOf(pair.b, '33.dwg')]).toEqual(['v0', 'v5']);
    expect((await heldOf('33.dwg')).map(({ position, action, size }) => [position, action, size])).toEqual(
      [1, 2, 3, 4, 5].map((n) => [n, 'modified', 2]),
    );
    const { entries } = await (await as('bob')).list();
    expect(entries.find((entry) => entry.path === '33.dwg')).toMatchObject({ held: 5, lock: { owner: 'ann' } });
    // Side b is told too: its server says what is held.
    await pair.serverB.wait((said) => saysAt('held', '33.dwg')(said) && said.position === 5);
    const since = pair.serverA.said.length;
    expect(await unlock('33.dwg')).toMatchObject({ changed: true, held: 5 });
    await pair.serverA.wait((said) => saysAt('applied', '33.dwg')(said) && said.position === 5, since);
    const applied = pair.serverA.said.slice(since).filter(saysAt('applied', '33.dwg'));
    expect(applied.map(({ position, of }) => [position, of])).toEqual([1, 2, 3, 4, 5].map((n) => [n, 5]));
    await pair.flush();
    expect([textOf(pair.a, '33.dwg'), textOf(pair.b, '33.dwg')]).toEqual(['v5', 'v5']);
    expect(await versionsOf('33.dwg')).toEqual(['v4', 'v3', 'v2', 'v1', 'v0']);
    const restored = await pair.json<{ changed: boolean }>('restore', '33.dwg', '--at', '3');
    expect([restored.changed, textOf(pair.a, '33.dwg')]).toEqual([true, 'v2']);
  });

  test('SCENARIO 34: both change it under the lock, and both contents survive', async () => {
    await shared('34.dwg');
    await lock('34.dwg');
    for (const n of [1, 2]) {
      putWhole(pair.b, '34.dwg', `theirs ${n}`);
      await untilHeld('34.dwg', n);
    }
    putWhole(pair.a, '34.dwg', 'mine');
    await unlock('34.dwg');
    await pair.flush();
    for (const root of [pair.a, pair.b]) {
      expect(textOf(root, '34.dwg')).toBe('mine');
      const [copy, ...more] = copiesIn(root, '34');
      expect([textOf(root, copy!), more]).toEqual(['theirs 2', []]);
    }
    expect(await versionsOf('34.dwg')).toContain('theirs 1');
  });

  test.each<['copy' | 'discard', string | null]>([
    ['copy', 'theirs'],
    ['discard', null],
  ])('SCENARIO 34: unlock --held %s overrides what was to become of it', async (held, copied) => {
    const stem = `34-${held}`;
    await shared(`${stem}.dwg`);
    await lock(`${stem}.dwg`);
    putWhole(pair.b, `${stem}.dwg`, 'theirs');
    await untilHeld(`${stem}.dwg`, 1);
    await unlock(`${stem}.dwg`, 'ann', { held });
    await pair.flush();
    for (const root of [pair.a, pair.b]) {
      const copies = copiesIn(root, stem);
      expect([textOf(root, `${stem}.dwg`), copies.length]).toEqual(['v0', copied === null ? 0 : 1]);
      if (copied !== null) expect(textOf(root, copies[0]!)).toBe(copied);
    }
    expect(await versionsOf(`${stem}.dwg`)).toContain('theirs');
  });

  test('SCENARIO 34: what was written a moment before unlock --held discard is held, and then discarded', async () => {
    await shared('34-fresh.bin');
    await lock('34-fresh.bin');
    await pair.flush();
    const theirs = 'B'.repeat(8 * 1024 * 1024);
    // Whole at once: content written in steps may be held once for each of two steps.
    putWhole(pair.b, '34-fresh.bin', theirs);
    expect(await unlock('34-fresh.bin', 'ann', { held: 'discard' })).toMatchObject({ changed: true, held: 1 });
    await pair.flush();
    for (const root of [pair.a, pair.b]) expect(textOf(root, '34-fresh.bin')).toBe('v0');
    expect((await versionsOf('34-fresh.bin')).includes(theirs)).toBe(true);
  });

  test('SCENARIO 31: what was written a moment before a lock is there when it is granted', async () => {
    await shared('31-fresh.bin');
    const theirs = 'B'.repeat(8 * 1024 * 1024);
    fs.writeFileSync(path.join(pair.b, '31-fresh.bin'), theirs);
    expect(await lock('31-fresh.bin')).toMatchObject({ changed: true });
    expect(textOf(pair.a, '31-fresh.bin') === theirs).toBe(true);
    await unlock('31-fresh.bin');
  });

  test('SCENARIO 34: the same for a holder on side b', async () => {
    await shared('34-b.dwg');
    await lock('34-b.dwg', 'ann', { side: 'b' });
    putWhole(pair.a, '34-b.dwg', 'at a');
    await untilHeld('34-b.dwg', 1);
    putWhole(pair.b, '34-b.dwg', 'at b');
    await unlock('34-b.dwg');
    await pair.flush();
    for (const root of [pair.a, pair.b]) {
      expect([textOf(root, '34-b.dwg'), textOf(root, copiesIn(root, '34-b')[0]!)]).toEqual(['at b', 'at a']);
    }
  });

  test.each<[string, string | null]>([
    ['unchanged: it goes, to versions', null],
    ['changed: it stays, is given back, and that is said', 'mine'],
  ])('SCENARIO 35: the other side deletes it, and the holder left it %s', async (_, mine) => {
    const name = `35-${mine}.dwg`;
    await shared(name);
    await lock(name);
    fs.rmSync(path.join(pair.b, name));
    await untilHeld(name, 1);
    expect(textOf(pair.a, name)).toBe('v0');
    if (mine !== null) putWhole(pair.a, name, mine);
    const since = pair.serverA.said.length;
    await unlock(name);
    await pair.flush();
    expect([textOf(pair.a, name), textOf(pair.b, name)]).toEqual([mine, mine]);
    if (mine === null) expect(await versionsOf(name)).toEqual(['v0']);
    else await pair.serverA.wait(saysAt('conflict', name), since);
  });
});

describe.concurrent('SCENARIO 36: on the other side', { timeout: MINUTE }, () => {
  test.each<[string, (at: (name: string) => string) => void, Record<string, string | null>]>([
    ['it is renamed', (at) => fs.renameSync(at('f'), at('moved')), { f: null, moved: 'v0' }],
    ['another is renamed onto it', (at) => fs.renameSync(at('g'), at('f')), { f: 'other', g: null }],
    ['its directory is deleted', (at) => fs.rmSync(at('.'), { recursive: true }), { f: null, g: null }],
    [
      'its directory is renamed',
      (at) => fs.renameSync(at('.'), at('../elsewhere-36')),
      { f: null, g: null, '../elsewhere-36/f': 'v0', '../elsewhere-36/g': 'other' },
    ],
    [
      'it becomes a link',
      (at) => {
        fs.rmSync(at('f'));
        fs.symlinkSync('g', at('f'));
      },
      { f: 'other', g: 'other' },
    ],
    [
      'it becomes a directory',
      (at) => {
        fs.rmSync(at('f'));
        fs.mkdirSync(at('f'));
        fs.writeFileSync(at('f/in'), 'in it');
      },
      { 'f/in': 'in it', g: 'other' },
    ],
  ])('%s: held, visible, not lost, and done at the unlock', async (what, act, end) => {
    const dir = `36 ${what}`;
    await shared(`${dir}/f`);
    await shared(`${dir}/g`, 'other');
    await lock(`${dir}/f`);
    act((name) => path.join(pair.b, dir, name));
    await until(async () => (await heldOf(`${dir}/f`)).length > 0);
    await pair.flush();
    expect(textOf(pair.a, `${dir}/f`)).toBe('v0');
    const { entries } = await (await as('bob')).list();
    expect(entries.find((entry) => entry.path === `${dir}/f`)?.held).toBeGreaterThan(0);
    await unlock(`${dir}/f`);
    await until(async () => (await heldOf(`${dir}/f`)).length === 0);
    await pair.flush();
    for (const root of [pair.a, pair.b]) {
      const found = Object.fromEntries(Object.keys(end).map((name) => [name, textOf(root, path.join(dir, name))]));
      expect(found).toEqual(end);
    }
    const kept = [...Object.values(end), ...(await versionsOf(`${dir}/f`))];
    expect(kept).toContain('v0');
  });
});

describe.concurrent('a holder who does not come back', { timeout: MINUTE }, () => {
  test('SCENARIO 38: the time of the lock runs out: it is free, and what was held takes effect', async () => {
    await shared('38-ttl.dwg');
    await lock('38-ttl.dwg');
    putWhole(pair.b, '38-ttl.dwg', 'v1');
    await pair.serverA.wait(saysAt('held', '38-ttl.dwg'));
    // Only now has it an end: it may come as soon as it likes.
    const asked = Date.now();
    const { expires } = (await lock('38-ttl.dwg', 'ann', { ttlMs: 500 })) as unknown as { expires: string };
    expect(Date.parse(expires)).toBeGreaterThanOrEqual(asked + 500);
    const said = await pair.serverA.wait(saysAt('unlocked', '38-ttl.dwg'));
    expect(said).toMatchObject({ owner: 'ann', reason: 'expired' });
    await pair.flush();
    expect([textOf(pair.a, '38-ttl.dwg'), (await lock('38-ttl.dwg', 'bob')).changed]).toEqual(['v1', true]);
  });

  test('SCENARIO 38: --force and --steal free it now, and the former owner is told, once', async () => {
    // Names of their own: who else commands in a name takes its notices away.
    await shared('38.dwg');
    await lock('38.dwg', 'lost');
    putWhole(pair.b, '38.dwg', 'v1');
    await untilHeld('38.dwg', 1);
    expect(await unlock('38.dwg', 'thief')).toMatchObject({
      error: { code: 'locked' },
      lock: { owner: 'lost', held: 1 },
    });
    expect(await lock('38.dwg', 'thief', { steal: true })).toMatchObject({
      path: '38.dwg',
      changed: true,
      owner: 'thief',
    });
    expect(textOf(pair.a, '38.dwg')).toBe('v1');
    const told = await pair.client('--as', 'lost', 'list');
    expect([told.code, told.stderr]).toEqual([
      0,
      expect.stringMatching(/^Note: your lock on 38\.dwg was taken by thief /),
    ]);
    expect(await (await as('lost')).notices()).toEqual([]);
    expect(await unlock('38.dwg', 'lost', { force: true })).toMatchObject({
      changed: true,
      owner: 'thief',
      by: 'lost',
    });
    const { notices } = await pair.json<{ notices: unknown }>('--as', 'thief', 'status');
    expect(notices).toMatchObject([{ path: '38.dwg', reason: 'forced', by: 'lost' }]);
  });

  test('SCENARIO 38: who waits is told the place, and leaves the line when his program ends', async () => {
    await shared('38-line.dwg');
    await lock('38-line.dwg');
    const waiter = await Client.connect({ server: `127.0.0.1:${pair.portA}`, user: 'gone' });
    const places: number[] = [];
    const waiting = waiter.lock(['38-line.dwg'], { wait: true, onWaiting: ({ position }) => places.push(position) });
    await until(() => places.length === 1);
    const next = lock('38-line.dwg', 'bob', { wait: 30_000 });
    await until(async () => (await (await as('ann')).locks()).locks.some(({ waiting: line }) => line.length === 2));
    waiter.close();
    await expect(waiting).rejects.toMatchObject({ code: 'closed' });
    await until(async () => (await (await as('ann')).locks()).locks.some(({ waiting: line }) => line.length === 1));
    await unlock('38-line.dwg');
    expect(await next).toMatchObject({ changed: true, owner: 'bob' });
  });
});

describe('with server-b, or server-a, gone for a while', () => {
  test('SCENARIO 37: side b is away when the lock is taken, edits, and comes back: held', async () => {
    await shared('37.dwg');
    await pair.serverB.stop();
    await pair.serverA.wait('peer-lost');
    expect(await lock('37.dwg')).toMatchObject({ changed: true, note: expect.stringMatching(/^Side b is away/) });
    putWhole(pair.b, '37.dwg', 'offline');
    await pair.startB();
    await untilHeld('37.dwg', 1);
    expect(textOf(pair.a, '37.dwg')).toBe('v0');
    const lost = pair.serverA.said.length;
    await pair.serverB.stop();
    await pair.serverA.wait('peer-lost', lost);
    await unlock('37.dwg');
    await until(() => textOf(pair.a, '37.dwg') === 'offline');
    await pair.startB();
    await pair.serverA.wait('in-sync', lost);
    await pair.flush();
    expect([textOf(pair.a, '37.dwg'), textOf(pair.b, '37.dwg')]).toEqual(['offline', 'offline']);
  });

  test('the holder is asked to unlock: by an event, and at his next command, also after a restart of server-a', {
    timeout: MINUTE,
  }, async () => {
    await shared('ask.dwg');
    await lock('ask.dwg', 'holder');
    const asked = await pair.json('--as', 'asker', 'ask', 'ask.dwg', '-m', 'I need it at noon');
    expect(asked).toEqual({ path: 'ask.dwg', changed: true, owner: 'holder' });
    await pair.serverA.wait(saysAt('asked', 'ask.dwg'));
    expect(await pair.client('--as', 'asker', 'ask', 'ask.dwg')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^holder was asked to unlock ask\.dwg \d+ s ago; ask again in \d+ s\.\n$/),
    });
    await pair.serverA.crash();
    await pair.startA();
    const told = await pair.client('--as', 'holder', 'locks');
    expect(told.stderr).toMatch(
      /^Note: asker asks you to unlock ask\.dwg: "I need it at noon" \(.*\)\. Unlock it with: client unlock ask\.dwg\n$/,
    );
    expect((await pair.client('--as', 'holder', 'locks')).stderr).toBe('');
    expect(await pair.client('--as', 'holder', 'unlock', 'ask.dwg')).toMatchObject({ code: 0, stderr: '' });
  });

  test('who asked to be told when it is free is told, though server-a was killed before the unlock', {
    timeout: MINUTE,
  }, async () => {
    await shared('free.dwg');
    await lock('free.dwg', 'holder');
    const asked = await pair.client('--as', 'asker', 'lock', 'free.dwg', '--notify');
    expect([asked.code, asked.stderr]).toEqual([3, expect.stringContaining('You are told when it is free.')]);
    putWhole(pair.b, 'free.dwg', 'v1');
    await untilHeld('free.dwg', 1);
    await pair.serverA.crash();
    await pair.startA();
    await unlock('free.dwg', 'holder');
    await pair.serverA.wait(saysAt('free', 'free.dwg'));
    expect(textOf(pair.a, 'free.dwg')).toBe('v1');
    const told = await pair.client('--as', 'asker', 'locks');
    expect(told.stderr).toMatch(/^Note: free\.dwg is free \(since .*\)\. Lock it with: client lock free\.dwg\n$/);
    expect((await pair.client('--as', 'asker', 'locks')).stderr).toBe('');
  });

  const [LOCKS, UPDATES, KILLS] = FULL ? [10, 200, 3] : [4, 20, 2];
  test(
    `SCENARIO 39: ${LOCKS} locks and ${UPDATES} held updates survive kill -9, also in the middle of taking effect`,
    async () => {
      const names = Array.from({ length: LOCKS }, (_, n) => `39/${n}.dwg`);
      for (const name of names) putWhole(pair.a, name, `${name} v0`);
      await pair.flush();
      const tokens = (await (await as('ann')).lock(names)).map((one) => (one as Record<string, unknown>).token);
      const each = UPDATES / LOCKS;
      for (let n = 1; n <= each; n++) {
        for (const name of names) putWhole(pair.b, name, `${name} v${n}`);
        for (const name of names) await untilHeld(name, n);
      }
      const before = await (await as('ann')).held();
      await pair.serverA.crash();
      await pair.startA();
      expect(await (await as('ann')).held()).toEqual(before);
      const { locks } = await (await as('ann')).locks();
      const ours = names.map((name) => locks.find((one) => one.path === name)?.token);
      expect(ours).toEqual(tokens);
      const applied = new Map<string, number[]>();
      const note = () => {
        for (const said of pair.serverA.said) {
          if (said.event !== 'applied') continue;
          applied.set(said.path as string, [...(applied.get(said.path as string) ?? []), said.position as number]);
        }
      };
      (await as('ann')).unlock(names).catch(() => {});
      for (let kills = 0; kills < KILLS; kills++) {
        const rest = await until(() => {
          const steps = pair.serverA.said.filter(({ event }) => event === 'applied').length;
          return steps >= UPDATES / 8 || pair.serverA.said.some(({ event }) => event === 'in-sync') ? { steps } : null;
        });
        expect(rest.steps).toBeGreaterThanOrEqual(0);
        await pair.serverA.crash();
        note();
        await pair.startA();
      }
      await (await as('ann')).unlock(names);
      await until(async () => (await (await as('ann')).held()).held.length === 0);
      await pair.flush();
      note();
      for (const name of names) {
        expect([textOf(pair.a, name), textOf(pair.b, name)]).toEqual([`${name} v${each}`, `${name} v${each}`]);
        // What a kill left half done in the versions may be there twice; nothing is missing, and nothing out of order.
        const contents = [...new Set(await versionsOf(name))];
        expect(contents).toEqual(Array.from({ length: each }, (_, n) => `${name} v${each - 1 - n}`));
        const positions = applied.get(name) ?? [];
        expect(positions).toEqual([...new Set(positions)].sort((x, y) => x - y));
      }
    },
    10 * MINUTE,
  );
});
