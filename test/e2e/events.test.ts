// What happened, told by the real programs: live, after a place, and from the log after restarts and a kill.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PairOfPrograms, project, putWhole, until } from '../support/programs.js';

interface Logged {
  run: string;
  id: number;
  event: string;
  path?: string;
  missed?: number | null;
  [field: string]: unknown;
}

let pair: PairOfPrograms;
beforeEach(() => {
  pair = new PairOfPrograms('here if short');
});
afterEach(() => pair.close());

const log = async (...args: string[]) => (await pair.json<{ events: Logged[] }>('log', ...args)).events;
const filesOf = (root: string) => fs.readdirSync(path.join(root, '.lockstep/log'));

/** These are what server-a prints first, though a client may have heard of them before. */
async function said(events: readonly Logged[]): Promise<void> {
  await until(() => pair.serverA.said.length >= events.length);
  expect(events).toEqual(pair.serverA.said.slice(0, events.length));
}

/** What a client that watches prints, until `enough`. */
async function watched(args: string[], enough: (lines: Logged[]) => boolean): Promise<Logged[]> {
  const server = `127.0.0.1:${pair.portA}`;
  const child = spawn(path.join(project, 'bin/client'), ['--server', server, '--json', 'watch', ...args], {
    env: pair.env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  const lines = () =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Logged);
  await until(
    () => enough(lines()),
    () => text,
  );
  child.kill('SIGTERM');
  return lines();
}

test('events are numbered, go on after a place, and a restart is a gap', { timeout: 120_000 }, async () => {
  pair.asProcesses();
  await pair.startB();
  await pair.startA();
  await pair.serverA.wait('in-sync');
  putWhole(pair.a, 'one.txt', 'one');
  await pair.flush();
  const all = await watched(['--since', '0'], (lines) => lines.some(({ path: at }) => at === 'one.txt'));
  expect(all.map(({ id }) => id)).toEqual(all.map((_, n) => n + 1));
  expect(all[0]).toMatchObject({ event: 'listening', run: pair.serverA.said[0]!.run, id: 1 });
  await said(all);
  const { run, id } = all.at(-1)!;

  putWhole(pair.b, 'two.txt', 'two');
  await pair.flush();
  const later = await watched(['--since', `${run}:${id}`], (lines) => lines.some(({ path: at }) => at === 'two.txt'));
  expect(later[0]!.id).toBe(id + 1);
  expect(later.some(({ path: at }) => at === 'one.txt')).toBe(false);

  await pair.serverA.crash();
  await pair.startA();
  await pair.serverA.wait('in-sync');
  const anew = await watched(['--since', `${run}:${later.at(-1)!.id}`], (lines) =>
    lines.some(({ event }) => event === 'in-sync'),
  );
  expect(anew[0]).toMatchObject({ event: 'gap', missed: null, id: 0 });
  expect(anew[1]).toMatchObject({ event: 'listening', id: 1, run: anew[0]!.run });
  expect(anew[0]!.run).not.toBe(run);
});

test('the log has what happened before a kill and after it, also about one file, a directory and a glob', {
  timeout: 120_000,
}, async () => {
  pair.asProcesses();
  await pair.startB();
  await pair.startA();
  await pair.serverA.wait('in-sync');
  putWhole(pair.a, 'docs/one.txt', 'one');
  await pair.flush();
  fs.rmSync(path.join(pair.a, 'docs/one.txt'));
  putWhole(pair.b, 'two.txt', 'two');
  await pair.flush();
  const before = await log();
  await said(before);
  await pair.serverA.crash();
  await pair.serverB.stop();
  await pair.startB();
  await pair.startA();
  await pair.serverA.wait('in-sync');
  const after = await log();
  expect(after.slice(0, before.length)).toEqual(before);
  expect(after.at(-1)).toMatchObject({ event: 'in-sync', run: pair.serverA.said[0]!.run });

  const short = (events: Logged[]) => events.map(({ path: at, action }) => `${action} ${at}`);
  expect(short(await log('docs/one.txt'))).toEqual(['created docs/one.txt', 'deleted docs/one.txt']);
  expect(short(await log('two.txt', '--since', '1h'))).toEqual(['created two.txt']);
  expect(short(await log('**/*.txt')).sort()).toEqual([
    'created docs/one.txt',
    'created two.txt',
    'deleted docs/one.txt',
  ]);
  expect((await log('docs')).length).toBeGreaterThanOrEqual(2);
  expect(await log('two.txt', '--since', '1ms')).toEqual([]);
  expect((await pair.client('log', 'no-such-file')).code).toBe(4);
  const { stdout } = await pair.client('log', 'two.txt');
  expect(stdout).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} {2}a ← b {2}created {3}two\.txt {2}3 B {2}\d+ ms\n$/);
});

test('each server keeps its own log, which is made again when it is removed', { timeout: 120_000 }, async () => {
  await pair.startB();
  await pair.startA();
  await pair.serverA.wait('in-sync');
  // What is printed is written to the disk at the same time, by which it may be late.
  await until(() => [pair.a, pair.b].every((root) => filesOf(root).length > 0));
  expect([filesOf(pair.a), filesOf(pair.b)]).toEqual([['events-000001.ndjson'], ['events-000001.ndjson']]);
  const lines = () =>
    fs
      .readFileSync(path.join(pair.b, '.lockstep/log/events-000001.ndjson'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Logged);
  // Either the file or what the program prints may be read a line ahead of the other.
  await until(() => lines().length === pair.serverB.said.length);
  expect(lines()).toEqual(pair.serverB.said);

  const before = await log();
  fs.rmSync(path.join(pair.a, '.lockstep/log'), { recursive: true });
  await pair.serverA.wait(({ event, path: at }) => event === 'problem' && String(at).startsWith('.lockstep/log'));
  putWhole(pair.a, 'one.txt', 'one');
  await pair.flush();
  expect((await log()).slice(0, before.length)).toEqual(before);
  expect(filesOf(pair.a)).toEqual(['events-000001.ndjson']);
});
