// `server-a --dry-run`: what would be done is printed, and nothing is done.
import fs from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { PairOfPrograms, run, textOf } from '../support/programs.js';

it('shows the plan, touches nothing and ends', async () => {
  const pair = new PairOfPrograms();
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
