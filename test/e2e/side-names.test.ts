// Sides with names, by the real programs: texts for people use them, JSON keeps the letters.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { PairOfPrograms, project, until } from '../support/programs.js';

let pair: PairOfPrograms;
beforeEach(() => {
  pair = new PairOfPrograms('here if short');
  onTestFinished(() => pair.close());
});

describe('sides that have names', () => {
  beforeEach(async () => {
    fs.writeFileSync(path.join(pair.a, 'plan.txt'), 'plan');
    await pair.startB('--name', 'office');
    await pair.startA('--name', 'home');
    await pair.serverA.wait('in-sync');
  });

  it('are called by them in texts', async () => {
    expect((await pair.client('log')).stdout).toMatch(/ {2}home → office {2}created {3}plan\.txt /);
    expect((await pair.client('status')).stdout).toMatch(
      /\nside a {5}home: 1 file, 4 B\nside b {5}office: 1 file, 4 B\n/,
    );
    await pair.client('lock', 'plan.txt', '--side', 'b');
    expect((await pair.client('locks')).stdout).toMatch(/^plan\.txt {2}\S+ +office {2}/m);
  });

  it('keep their letters in JSON', async () => {
    expect(await pair.json('status')).toMatchObject({ names: { a: 'home', b: 'office' }, a: { files: 1 } });
    const { events } = await pair.json<{ events: object[] }>('log');
    expect(events).toContainEqual(expect.objectContaining({ event: 'synced', from: 'a', to: 'b' }));
    expect(pair.serverA.said.find(({ event }) => event === 'synced')).toMatchObject({ from: 'a', to: 'b' });
  });

  it('say where a file is while the other side is away, whose name stays known', async () => {
    await pair.serverB.stop();
    await pair.serverA.wait('peer-lost');
    fs.writeFileSync(path.join(pair.a, 'new.txt'), 'new');
    await until(async () => (await pair.client('list')).stdout.includes('only in home'));
    expect((await pair.client('status')).stdout).toContain('side b     office: ');
  });
});

it('sides without names are called as ever, and nothing more is in the status', async () => {
  fs.writeFileSync(path.join(pair.a, 'plan.txt'), 'plan');
  await pair.start();
  expect((await pair.client('log')).stdout).toContain('  a → b  created   plan.txt  ');
  expect(await pair.json('status')).not.toHaveProperty('names');
});

it('lockstep up names both sides in its own log, and before they meet', async () => {
  fs.writeFileSync(path.join(pair.a, 'roof.txt'), 'roof');
  fs.writeFileSync(path.join(pair.b, 'plan.txt'), 'plan');
  const words = ['up', pair.a, pair.b, '--name-a', 'home', '--name-b', 'office', '--web', 'off', '--yes'];
  const child = spawn(path.join(project, 'bin', 'lockstep'), words, {
    env: pair.env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await until(() => said.includes('ready '));
  child.kill('SIGTERM');
  await ended;
  expect(said).toContain('First contact: 1 file home → office, 1 office → home.');
  expect(said).toMatch(/ {2}home ← office {2}created {3}plan\.txt {2}4 B {2}/);
});
