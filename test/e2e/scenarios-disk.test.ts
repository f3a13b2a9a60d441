// Slow writers, full disks, few watches, bursts and idleness: SCENARIOS 17, 18, 23, 25, 26 and 28. They are short here;
// LOCKSTEP_TEST_FULL=1 (npm run test:crash) gives them the size in which they happened to people.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PairOfPrograms, putWhole, textOf, treeOf, until } from '../support/programs.js';
import type { Server } from '../support/server-here.js';
import { full, sized } from '../support/sizes.js';
import { missing } from '../support/tools.js';

let pair: PairOfPrograms;
beforeEach(() => {
  pair = new PairOfPrograms('here if short');
});
const MINUTES = 1_800_000;
// Many and large files take their time to be removed, too.
afterEach(() => pair.close(), MINUTES);

/** Time that belongs to the input: how fast somebody writes, how long nobody does. */
const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const sizeOf = (root: string, name: string) => fs.statSync(path.join(root, name), { throwIfNoEntry: false })?.size ?? 0;

test('SCENARIO 17: a large file written slowly, with a pause: equal in the end', { timeout: MINUTES }, async () => {
  const pieces = full ? 5 * 1024 : 24;
  await pair.start();
  const piece = Buffer.alloc(1 << 20);
  const fd = fs.openSync(path.join(pair.a, 'film.mov'), 'w');
  let shownShort = 0;
  for (let n = 0; n < pieces; n++) {
    piece.fill(n);
    fs.writeSync(fd, piece);
    await pass(n === pieces >> 1 ? 150 : full ? 30 : 10);
    if (sizeOf(pair.b, 'film.mov') > 0) shownShort++;
  }
  fs.closeSync(fd);
  await pair.json('flush', '--timeout', full ? '1200s' : '30s');
  expect(sizeOf(pair.b, 'film.mov')).toBe(pieces * piece.length);
  expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
  // A part of it is shown only where the writer paused for longer than a writer does, or went on for ten seconds.
  if (!full) expect(shownShort).toBeLessThan(pieces);
});

test('SCENARIO 18: a log that is appended to for ever is published regularly', { timeout: MINUTES }, async () => {
  await pair.start();
  const file = path.join(pair.a, 'server.log');
  fs.writeFileSync(file, Buffer.alloc(full ? 2 << 20 : 1_000, 'x'));
  const sizes = new Set<number>();
  // For ever, as far as the file is concerned; the test ends once it was published again and again.
  const [least, end] = [full ? 40_000 : 500, performance.now() + (full ? 300_000 : 60_000)];
  const begun = performance.now();
  while ((sizes.size < 6 || performance.now() < begun + least) && performance.now() < end) {
    fs.appendFileSync(file, 'another line of the log\n');
    sizes.add(sizeOf(pair.b, 'server.log'));
    await pass(5);
  }
  expect(sizes.size).toBeGreaterThanOrEqual(6);
  await pair.flush();
  expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
});

test.skipIf(missing.namespaces !== '')(
  `SCENARIO 23: a full disk: the old file intact, a clear problem, smaller work goes on${missing.namespaces}`,
  async () => {
    const mount = 'mount -t tmpfs -o size=4m none "$0" && mkdir "$0/b" && head -c 2m /dev/zero > "$0/filler"';
    fs.rmdirSync(pair.b);
    const disk = path.join(pair.directory, 'disk');
    fs.mkdirSync(disk);
    Object.assign(pair, { b: path.join(disk, 'b') });
    pair.under = ['unshare', '-Urm', 'sh', '-c', `${mount} && exec "$@"`, disk];
    await pair.startB();
    await pair.startA();
    /** The disk is mounted for server-b alone; this is where it can be seen from outside. */
    const inside = path.join(`/proc/${pair.serverB.pid}/root`, pair.b);
    putWhole(pair.a, 'plan.txt', 'old '.repeat(100_000));
    await until(() => textOf(inside, 'plan.txt') === 'old '.repeat(100_000));
    putWhole(pair.a, 'plan.txt', 'new '.repeat(450_000));
    const problem = await pair.serverA.wait('problem');
    expect(problem).toMatchObject({ path: 'plan.txt', code: 'no-space' });
    expect(problem.message).toMatch(/disk is full; free some space/);
    expect(textOf(inside, 'plan.txt')).toBe('old '.repeat(100_000));
    putWhole(pair.a, 'small.txt', 'goes on');
    await until(() => textOf(inside, 'small.txt') === 'goes on');
    const { problems } = await pair.json<{ problems: object[] }>('status');
    expect(problems).toMatchObject([{ path: 'plan.txt', code: 'no-space' }]);
    fs.rmSync(path.join(inside, '../filler'));
    await until(() => textOf(inside, 'plan.txt') === 'new '.repeat(450_000));
    await pair.flush();
    expect((await pair.json<{ problems: object[] }>('status')).problems).toEqual([]);
  },
);

test.skipIf(missing.namespaces !== '' || !full)(
  `SCENARIO 23: a full disk under a lock: the held update is a problem that says so, and is held when there is room${missing.namespaces}`,
  async () => {
    const mount = 'mount -t tmpfs -o size=4m none "$0" && mkdir "$0/a" && head -c 3m /dev/zero > "$0/filler"';
    fs.rmdirSync(pair.a);
    const disk = path.join(pair.directory, 'disk');
    fs.mkdirSync(disk);
    Object.assign(pair, { a: path.join(disk, 'a') });
    pair.underA = ['unshare', '-Urm', 'sh', '-c', `${mount} && exec "$@"`, disk];
    putWhole(pair.b, 'plan.txt', 'old');
    await pair.start();
    const inside = path.join(`/proc/${pair.serverA.pid}/root`, disk);
    await pair.json('lock', 'plan.txt');
    putWhole(pair.b, 'plan.txt', 'new '.repeat(400_000));
    const { message, ...problem } = await pair.serverA.wait('problem');
    expect(problem).toMatchObject({ path: 'plan.txt', code: 'no-space' });
    expect(message).toBe('An update of plan.txt cannot be held: the disk is full; free some space, it is tried again.');
    fs.rmSync(path.join(inside, 'filler'));
    await pair.serverA.wait('held');
    await pair.json('unlock', 'plan.txt');
    await until(() => textOf(path.join(inside, 'a'), 'plan.txt') === 'new '.repeat(400_000));
  },
);

test.skipIf(missing.namespaces !== '')(
  `SCENARIO 23: versions that fill a small disk make room, and keep to their share of it${missing.namespaces}`,
  async () => {
    const mount = 'mount -t tmpfs -o size=8m none "$0" && mkdir "$0/b"';
    fs.rmdirSync(pair.b);
    const disk = path.join(pair.directory, 'disk');
    fs.mkdirSync(disk);
    Object.assign(pair, { b: path.join(disk, 'b') });
    pair.under = ['unshare', '-Urm', 'sh', '-c', `${mount} && exec "$@"`, disk];
    await pair.start();
    const inside = path.join(`/proc/${pair.serverB.pid}/root`, pair.b);
    /** All versions; one may be removed while they are read. */
    const kept = (): string[] => {
      const entries = fs.readdirSync(path.join(inside, '.lockstep/versions'), { withFileTypes: true });
      const texts = entries.map(({ name }) => textOf(path.join(inside, '.lockstep/versions'), name));
      return texts.filter((text) => text !== null);
    };
    const content = (n: number) => `${String(n).padStart(2, '0')} `.repeat(250_000);
    // 750 kB each: without pruning the disk is full after ten of them.
    const saves = sized(16, 24);
    for (let n = 0; n < saves; n++) {
      const since = pair.serverA.said.length;
      putWhole(pair.a, 'plan.txt', content(n));
      await pair.serverA.wait(({ event, path: name }) => event === 'synced' && name === 'plan.txt', since);
      expect(textOf(inside, 'plan.txt') === content(n)).toBe(true);
    }
    const share = (8 << 20) * 0.2;
    await until(() => kept().reduce((sum, text) => sum + text.length, 0) <= share);
    expect(kept()).toContain(content(saves - 2));
    expect(textOf(inside, 'plan.txt')).toBe(content(saves - 1));
    await pair.flush();
    expect((await pair.json<{ problems: object[] }>('status')).problems).toEqual([]);
  },
);

test.skipIf(missing.namespaces !== '')(
  `SCENARIO 25: too few watches: one problem with the command, polling for the rest${missing.namespaces}`,
  async () => {
    const limit = 'echo 6 > /proc/sys/user/max_inotify_watches';
    pair.under = ['unshare', '-Ur', 'sh', '-c', `${limit} && exec "$0" "$@"`];
    for (let n = 0; n < 12; n++) putWhole(pair.b, `d${n}/f.txt`, 'old');
    await pair.start();
    const { message } = await pair.serverA.wait(({ event, code }) => event === 'problem' && code === 'watch-limit');
    expect(message).toMatch(/sudo sysctl fs\.inotify\.max_user_watches=\d+/);
    for (let n = 0; n < 12; n++) putWhole(pair.b, `d${n}/f.txt`, `new ${n}`);
    for (let n = 0; n < 12; n++) await until(() => textOf(pair.a, `d${n}/f.txt`) === `new ${n}`);
    const { problems } = await pair.json<{ problems: { code: string }[] }>('status');
    expect(problems.map(({ code }) => code)).toEqual(['watch-limit']);
    expect(pair.serverA.said.filter(({ event }) => event === 'problem')).toHaveLength(1);
  },
);

const many = full ? 50_000 : 600;
test(`SCENARIO 26: ${many} files unpacked at once: all arrive`, { timeout: MINUTES }, async () => {
  const archive = path.join(pair.directory, 'many.tar');
  const source = path.join(pair.directory, 'many');
  for (let n = 0; n < many; n++) {
    const dir = path.join(source, `d${n % 200}`);
    if (n < 200) fs.mkdirSync(dir, { recursive: true });
    fs.writeFileSync(path.join(dir, `${n}.txt`), `content ${n}`);
  }
  execFileSync('tar', ['-C', pair.directory, '-cf', archive, 'many']);
  await pair.start();
  execFileSync('tar', ['-C', pair.b, '-xf', archive]);
  await pair.json('flush', '--timeout', full ? '300s' : '30s');
  expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
  expect(Object.keys(treeOf(pair.a))).toHaveLength(many + 201);
});

const idleMs = full ? 60_000 : 1_000;
/** Processor time that a server may take meanwhile. */
const mostMs = full ? 600 : 60;
test(`SCENARIO 28: idle for ${idleMs} ms: nothing is said, next to nothing is done`, { timeout: MINUTES }, async () => {
  pair.asProcesses();
  for (let n = 0; n < 300; n++) putWhole(pair.a, `d${n % 20}/${n}.txt`, `${n}`);
  await pair.start();
  await pair.flush();
  const servers = [pair.serverA, pair.serverB];
  let [said, spent]: [number[], number[]] = [[], []];
  // What is left of the start takes its time on a slow machine. After that all is quiet.
  for (let tries = 0; tries < 10 && !(said.join() === '0,0' && spent.every((ms) => ms <= mostMs)); tries++) {
    await pass(300);
    const before = servers.map((server) => ({ cpu: cpuMs(server), said: server.said.length }));
    await pass(idleMs);
    said = servers.map((server, n) => server.said.length - before[n]!.said);
    spent = servers.map((server, n) => cpuMs(server) - before[n]!.cpu);
  }
  expect(said).toEqual([0, 0]);
  for (const ms of spent) expect(ms).toBeLessThanOrEqual(mostMs);
});

/** @returns processor time that a server has taken so far; 10 ms is the finest that Linux counts here. */
function cpuMs({ pid }: Server): number {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
