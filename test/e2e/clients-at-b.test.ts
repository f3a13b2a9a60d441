// Clients that know only the address of server-b, with real programs: plain, with a secret, and with keys.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeKey } from '../../src/cli/key/new-key.js';
import { Client } from '../../src/index.js';
import { hostileLine } from '../support/hostile.js';
import { PairOfPrograms, putWhole, textOf } from '../support/programs.js';
import { sized } from '../support/sizes.js';

let pair: PairOfPrograms;
let own: string[];
beforeEach(() => {
  pair = new PairOfPrograms('here if short');
  own = [];
});
afterEach(() => pair.close());

/** Runs a line of the client that knows only server-b. */
const atB = (...args: string[]) => pair.client('--server', `127.0.0.1:${pair.portB}`, ...own, ...args);
const inOwn = (name: string) => path.join(pair.directory, name);

/** Starts both servers in one of three ways. */
async function start(how: string): Promise<void> {
  putWhole(pair.a, 'x.txt', 'x');
  const trust: string[] = [];
  if (how === 'with a secret') {
    fs.writeFileSync(inOwn('secret'), `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
    trust.push('--secret-file', inOwn('secret'));
    own = [...trust];
  } else if (how === 'with keys') {
    for (const name of ['peer', 'anna']) makeKey({ name, role: 'user', directory: inOwn('keys') });
    trust.push('--keys', inOwn('keys'));
    own = ['--secret-file', inOwn('keys/anna.key')];
  }
  await pair.startB(...trust);
  await pair.startA(...trust);
  await pair.serverA.wait('in-sync');
}

const auditOf = (): Record<string, unknown>[] =>
  (textOf(pair.a, '.lockstep/audit.ndjson') ?? '')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));

describe.each(['plain', 'with a secret', 'with keys'])('%s', (how) => {
  it('server-b lists, locks for side b, and carries some MiB there and back', async () => {
    await start(how);
    expect((await atB('list')).stdout).toContain('x.txt');
    expect((await atB('lock', 'x.txt')).stdout).toContain('changes of it on side a wait');
    const { locks } = JSON.parse((await atB('--json', 'locks')).stdout);
    expect(locks).toMatchObject([{ path: 'x.txt', side: 'b' }]);
    expect((await atB('unlock', 'x.txt')).code).toBe(0);
    expect(auditOf()).toMatchObject([
      { method: 'lock', proved: how === 'with keys', from: expect.stringMatching(/^127\.0\.0\.1:\d+$/), at: 'b' },
      { method: 'unlock', at: 'b' },
    ]);
    const content = randomBytes(sized(2, 5) * 2 ** 20);
    fs.writeFileSync(inOwn('big'), content);
    expect(await atB('upload', inOwn('big'), 'big.bin')).toMatchObject({ code: 0, stderr: '' });
    expect(await atB('download', 'big.bin', inOwn('back'))).toMatchObject({ code: 0, stderr: '' });
    expect(fs.readFileSync(inOwn('back')).equals(content)).toBe(true);
  });
});

it('watches and waits in line through server-b, and hears that server-a is killed', async () => {
  pair.asProcesses();
  await start('plain');
  const connect = (user: string) => Client.connect({ server: `127.0.0.1:${pair.portB}`, user });
  const [anna, bert] = [await connect('anna'), await connect('bert')];
  const events = anna.watch()[Symbol.asyncIterator]();
  const next = events.next();
  await anna.lock(['x.txt']);
  expect((await next).value).toMatchObject({ event: 'locked', owner: 'anna', side: 'b' });
  const waiting = bert.lock(['x.txt'], { wait: true }).catch((error: unknown) => error);
  expect((await events.next()).value).toMatchObject({ event: 'waiting', owner: 'bert' });
  await pair.serverA.crash();
  expect(await waiting).toMatchObject({ code: 'closed', message: expect.stringContaining('lost the connection') });
  await Promise.all([anna.closed, bert.closed]);
  await pair.serverB.wait('peer-lost');
  expect(await atB('list')).toMatchObject({
    code: 6,
    stdout: '',
    stderr: expect.stringContaining('Start server-a, with the address of this server-b'),
  });
  await pair.startA();
  await pair.serverA.wait('in-sync');
  expect((await atB('list')).stdout).toContain('locked by anna');
});

it('answers a hostile client of server-b once, and others do not notice', async () => {
  await start('plain');
  for (const bytes of ['nonsense\n', '{"jsonrpc":"2.0","id":1,"method":"ping"}\n', `${'['.repeat(5_000)}\n`]) {
    const line = await hostileLine(pair.portB);
    await line.raw(bytes);
    await line.hear(() => true);
    await line.raw(`${'x'.repeat(100_000)}\n`);
    await line.closed;
    expect(line.heard.filter(({ error }) => error !== undefined)).toHaveLength(1);
  }
  expect((await atB('list')).stdout).toContain('x.txt');
});

it('with keys a role counts at server-b, too, and a removed key ends its connections there', async () => {
  await start('with keys');
  expect(await atB('pause')).toMatchObject({ code: 7, stderr: expect.stringContaining('The role of anna is user') });
  expect((await atB('--as', 'bert', 'lock', 'x.txt')).code).toBe(7);
  const secretFile = inOwn('keys/anna.key');
  const client = await Client.connect({ server: `127.0.0.1:${pair.portB}`, secretFile });
  fs.renameSync(secretFile, inOwn('anna.key'));
  await client.closed;
  expect(auditOf()).toEqual([]);
});
