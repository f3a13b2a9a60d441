// The programs with a secret, as people on two machines use them.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Client } from '../../src/index.js';
import { PairOfPrograms, putWhole, refused, run, textOf, until } from '../support/programs.js';

let pair: PairOfPrograms;
beforeEach(() => {
  pair = new PairOfPrograms('here if short');
});
afterEach(() => pair.close());

/** A secret file of its own beside the roots. */
function secretFile(name = 'secret', mode = 0o600): string {
  const file = path.join(pair.directory, name);
  fs.writeFileSync(file, `${randomBytes(32).toString('hex')}\n`);
  fs.chmodSync(file, mode);
  return file;
}

/** Connects without any secret, says `bytes`, and gives what comes back. */
async function plainly(port: number, bytes: string): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  socket.end(bytes);
  let said = '';
  socket.on('data', (chunk) => {
    said += chunk;
  });
  await once(socket, 'close');
  return said;
}

const LIST = '{"jsonrpc":"2.0","id":1,"method":"list"}\n';

describe('a pair with a secret', () => {
  it('lists, locks and synchronises, and nobody without it hears anything', async () => {
    pair.asProcesses();
    const file = secretFile();
    putWhole(pair.a, 'x.txt', 'from a');
    await pair.startB('--secret-file', file, '--host', '0.0.0.0');
    pair.env.LOCKSTEP_A_SECRET_FILE = file;
    await pair.startA('--host', '0.0.0.0');
    await pair.serverA.wait('in-sync');
    expect(textOf(pair.b, 'x.txt')).toBe('from a');

    const own = ['--secret-file', file];
    expect((await pair.client(...own, 'list')).stdout).toContain('x.txt');
    expect((await pair.client(...own, 'lock', 'x.txt')).code).toBe(0);
    putWhole(pair.b, 'x.txt', 'from b');
    await pair.serverA.wait('held');
    pair.env.LOCKSTEP_SECRET_FILE = file;
    expect((await pair.client('unlock', 'x.txt')).code).toBe(0);
    await until(() => textOf(pair.a, 'x.txt') === 'from b');
    const client = await Client.connect({ server: `127.0.0.1:${pair.portA}`, secretFile: file });
    expect((await client.list()).entries.map(({ path: name }) => name)).toEqual(['x.txt']);
    client.close();

    for (const port of [pair.portA, pair.portB]) {
      const said = await plainly(port, LIST);
      expect(said).toContain('"code":"not-allowed"');
      expect(said).not.toContain('x.txt');
    }
    const wrong = await pair.client('--secret-file', secretFile('wrong'), 'list');
    expect(wrong).toMatchObject({ code: 7, stdout: '', stderr: expect.stringContaining('has another secret') });
    delete pair.env.LOCKSTEP_SECRET_FILE;
    const missing = await pair.client('list');
    expect(missing).toMatchObject({ code: 7, stdout: '', stderr: expect.stringContaining('--secret-file') });
    const json = await pair.client('--json', 'list');
    expect([json.code, JSON.parse(json.stdout).error.code]).toEqual([7, 'not-allowed']);
    const said = JSON.stringify([...pair.serverA.said, ...pair.serverB.said]);
    expect(said + pair.serverA.stderr + pair.serverB.stderr).not.toContain(fs.readFileSync(file, 'utf8').slice(0, 16));
  });

  it('is not paired with who has another one or none, says why once, and goes on when it is the same', async () => {
    const file = secretFile();
    await pair.startB('--secret-file', file);
    await pair.startA('--secret-file', secretFile('wrong'));
    const lost = await pair.serverA.wait('peer-lost');
    expect(lost.reason).toMatch(/has another secret\. .*--secret-file/);
    expect((await pair.client('--secret-file', path.join(pair.directory, 'wrong'), 'list')).code).toBe(0);
    await pair.serverA.stop();
    expect(pair.serverA.said.filter(({ event }) => event === 'peer-lost')).toHaveLength(1);
    await pair.startA();
    expect((await pair.serverA.wait('peer-lost')).reason).toMatch(/answers only programs that have its secret/);
    await pair.serverB.stop();
    const since = pair.serverA.said.length;
    await pair.startB();
    await pair.serverA.wait('in-sync', since);
  });

  it('a client with a secret at servers without one is told', async () => {
    await pair.startB();
    await pair.startA();
    const told = await pair.client('--secret-file', secretFile(), 'list');
    expect(told).toMatchObject({ code: 7, stderr: expect.stringContaining('uses no secret') });
  });

  it.each(['server-a', 'server-b', 'client'] as const)('%s refuses a file that others can read', async (program) => {
    const file = secretFile('open', 0o644);
    const ran = await run(program, ['--secret-file', file], pair.env);
    expect(ran).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(`chmod 600 ${file}`) });
    expect(ran.stderr.trim().split('\n')).toHaveLength(1);
  });

  it.each(['server-a', 'server-b'] as const)('%s listens on loopback only without one', async (program) => {
    const ran = await refused(program, ['--host', '0.0.0.0', '--port', '0', '--dir', pair.a], pair.env);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain('openssl rand -hex 32 > lockstep.secret && chmod 600 lockstep.secret');
    expect(ran.stderr).toContain('scp -p lockstep.secret');
    expect(ran.stderr.trim().split('\n')).toHaveLength(1);
    expect(fs.readdirSync(pair.a)).toEqual([]);
  });
});
