// `server-a --dry-run`: what would be done is printed, and nothing is done.
import fs from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { PairOfPrograms, run, textOf } from '../support/programs.js';
import { full } from '../support/sizes.js';

it('shows the plan, touches nothing and ends', async () => {
  const pair = new PairOfPrograms('here if short');
  onTestFinished(() => pair.close());
  fs.writeFileSync(path.join(pair.a, 'one.txt'), 'one');
  fs.writeFileSync(path.join(pair.b, 'two.txt'), 'two');
  await pair.startB();
  const dryRun = ['--dir', pair.a, '--port', '0', '--peer', `127.0.0.1:${pair.portB}`, '--dry-run'];
  const text = await run('server-a', dryRun, pair.env);
  expect([text.code, text.stderr]).toEqual([0, '']);
  expect(text.stdout).toContain('First contact: 1 file a → b, 1 b → a.');
  const json = await run('server-a', [...dryRun, '--log', 'json'], pair.env);
  const last = JSON.parse(json.stdout.trim().split('\n').at(-1)!);
  expect(last.plan.map(({ path: name, to }: { path: string; to: string }) => [name, to])).toEqual([
    ['one.txt', 'b'],
    ['two.txt', 'a'],
  ]);
  expect([textOf(pair.b, 'one.txt'), textOf(pair.a, 'two.txt')]).toEqual([null, null]);
});

it.runIf(full)('forgets nothing of a pair when it meets another directory', async () => {
  const pair = new PairOfPrograms('here if short');
  onTestFinished(() => pair.close());
  for (const name of ['kept.txt', 'gone.txt']) fs.writeFileSync(path.join(pair.a, name), name);
  await pair.start();
  for (const server of [pair.serverA, pair.serverB]) await server.stop();
  fs.rmSync(path.join(pair.a, 'gone.txt'));
  const archive = path.join(pair.a, '.lockstep', 'archive.log');
  const before = fs.readFileSync(archive, 'utf8');
  // It has all that was shared, under another identity: it is accepted without a question.
  const other = path.join(pair.directory, 'other');
  fs.mkdirSync(other);
  for (const name of ['kept.txt', 'gone.txt']) fs.copyFileSync(path.join(pair.b, name), path.join(other, name));
  const usual = pair.b;
  Object.assign(pair, { b: other });
  await pair.startB();
  const dryRun = ['--dir', pair.a, '--port', '0', '--peer', `127.0.0.1:${pair.portB}`, '--dry-run'];
  expect((await run('server-a', dryRun, pair.env)).stdout).toContain('First contact: 2 files b → a.');
  expect(fs.readFileSync(archive, 'utf8')).toBe(before);
  await pair.serverB.stop();
  Object.assign(pair, { b: usual });
  await pair.start();
  expect([textOf(pair.a, 'gone.txt'), textOf(pair.b, 'gone.txt')]).toEqual([null, null]);
});

it.runIf(full)('shows the plan of a halted pair with its halt, and ends with 8', async () => {
  const pair = new PairOfPrograms('here if short');
  onTestFinished(() => pair.close());
  fs.writeFileSync(path.join(pair.a, 'shared.txt'), 'shared');
  await pair.start();
  for (const server of [pair.serverA, pair.serverB]) await server.stop();
  const other = path.join(pair.directory, 'other');
  fs.mkdirSync(other);
  fs.writeFileSync(path.join(other, 'another.txt'), 'another');
  Object.assign(pair, { b: other });
  await pair.startB();
  const dryRun = ['--dir', pair.a, '--port', '0', '--peer', `127.0.0.1:${pair.portB}`, '--dry-run'];
  const { code, stdout, stderr } = await run('server-a', dryRun, pair.env);
  expect(code).toBe(8);
  expect(stderr).toMatch(/is another directory than the one that was synchronised/);
  expect(stdout).toContain('First contact: 1 file a → b, 1 b → a.');
  expect([textOf(pair.a, 'another.txt'), textOf(other, 'shared.txt')]).toEqual([null, null]);
});
