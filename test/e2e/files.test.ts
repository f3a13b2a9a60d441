// Files in and out with real programs; what the typed client can show as well is in test/sync/files.test.ts.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Client } from '../../src/client/client.js';
import { PairOfPrograms, project, type ServerProcess, until } from '../support/programs.js';
import { missing } from '../support/tools.js';

test.skipIf(missing.namespaces !== '')(
  `a full disk: the upload is refused, the old file intact, nothing left behind${missing.namespaces}`,
  async () => {
    const small = new PairOfPrograms();
    try {
      const disk = path.join(small.directory, 'disk');
      fs.mkdirSync(disk);
      fs.rmdirSync(small.a);
      Object.assign(small, { a: path.join(disk, 'a') });
      const mount = 'mount -t tmpfs -o size=4m none "$0" && mkdir "$0/a" && exec "$@"';
      small.underA = ['unshare', '-Urm', 'sh', '-c', mount, disk];
      await small.start();
      const inside = path.join(`/proc/${(small.serverA as ServerProcess).pid}/root`, small.a);
      const client = await Client.connect({ server: `127.0.0.1:${small.portA}`, user: 'ann' });
      await client.upload([Buffer.from('old')], 'f', { size: 3 });
      const words = (act: Promise<unknown>) => act.then(String, (error: Error) => error.message);
      const large = Buffer.alloc(1 << 20, 1);
      const six = client.upload(Array(6).fill(large), 'f', { size: 6 << 20, overwrite: true });
      expect(await words(six)).toMatch(/no room for 6291456 bytes more: its disk is full/);
      // There is room when it begins, and none when all of it has come.
      const both = await Promise.all(
        ['f', 'g'].map((name) => words(client.upload(Array(2).fill(large), name, { size: 2 << 20, overwrite: true }))),
      );
      expect(both.some((word) => /disk is full|no room/.test(word))).toBe(true);
      await until(() => fs.readdirSync(path.join(inside, '.lockstep/staging')).length === 0);
      expect([3, 2 << 20]).toContain(fs.statSync(path.join(inside, 'f')).size);
      client.close();
    } finally {
      await small.close();
    }
  },
);

test('an upload whose client is killed leaves nothing behind', async () => {
  const pair = new PairOfPrograms('here if short');
  onTestFinished(() => pair.close());
  await pair.start();
  const staged = () => fs.readdirSync(path.join(pair.a, '.lockstep/staging'));
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
