// Files in and out with real programs; what the typed client can show as well is in test/sync/files.test.ts.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PairOfPrograms, project, until } from '../support/programs.js';

let pair: PairOfPrograms;
beforeEach(async () => {
  pair = new PairOfPrograms();
  await pair.start();
});
afterEach(() => pair.close());

const staged = () => fs.readdirSync(path.join(pair.a, '.lockstep/staging'));

test('an upload whose client is killed leaves nothing behind', async () => {
  const size = 64 << 20;
  const file = path.join(pair.directory, 'large');
  fs.writeFileSync(file, Buffer.alloc(size, 7));
  const args = ['--server', `127.0.0.1:${pair.portA}`, 'upload', file, 'large'];
  const child = spawn(path.join(project, 'bin/client'), args, { env: pair.env, stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('close', resolve));
  await until(() => staged().length > 0);
  child.kill('SIGKILL');
  await ended;
  await until(() => staged().length === 0);
  // The kill may have come when all was there.
  const stats = fs.statSync(path.join(pair.a, 'large'), { throwIfNoEntry: false });
  expect(stats?.size ?? size).toBe(size);
});
