// The programs with keys that prove names, as people on two machines use them.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeKey } from '../../src/cli/key/new-key.js';
import { Client } from '../../src/index.js';
import { PairOfPrograms, putWhole, refused, run, textOf, until } from '../support/programs.js';

let pair: PairOfPrograms;
let keys: string;
beforeEach(() => {
  pair = new PairOfPrograms('here if short');
  keys = path.join(pair.directory, 'keys');
});
afterEach(() => pair.close());

/** Makes a key as the program does. @returns its file. */
const newKey = (name: string, role = 'user'): string => makeKey({ name, role, directory: keys }).file;

/** Starts both servers with the directory of keys. */
async function startWithKeys(): Promise<void> {
  newKey('peer');
  await pair.startB('--keys', keys, '--host', '0.0.0.0');
  pair.env.LOCKSTEP_A_KEYS = keys;
  await pair.startA('--host', '0.0.0.0');
  await pair.serverA.wait('in-sync');
}

const as = (file: string, ...args: string[]) => pair.client('--secret-file', file, ...args);

describe('a pair with keys', () => {
  it('knows who asks, lets him do what his role allows, and nobody without a key hears anything', async () => {
    pair.asProcesses();
    putWhole(pair.a, 'x.txt', 'from a');
    await startWithKeys();
    expect(textOf(pair.b, 'x.txt')).toBe('from a');
    // A key that is made while the servers run is good at once.
    const [anna, bert, carl] = [newKey('anna'), newKey('bert', 'read'), newKey('carl', 'admin')];

    expect((await as(anna, 'lock', 'x.txt')).stdout).toContain('for anna');
    const reader = await Client.connect({ server: `127.0.0.1:${pair.portA}`, secretFile: bert });
    const { locks } = await reader.locks();
    reader.close();
    expect(locks.map(({ owner }) => owner)).toEqual(['anna']);
    expect((await as(bert, 'list')).stdout).toContain('locked by anna');
    expect((await as(bert, 'download', 'x.txt', '-')).stdout).toBe('from a');
    expect(await as(bert, 'lock', 'x.txt')).toMatchObject({
      code: 7,
      stderr: expect.stringMatching(
        /The role of bert is read, but "lock" takes the role user\. Ask somebody with the role user/,
      ),
    });
    for (const line of [['unlock', '--force', 'x.txt'], ['lock', '--steal', 'x.txt'], ['pause']])
      expect(await as(anna, ...line)).toMatchObject({
        code: 7,
        stderr: expect.stringContaining('takes the role admin'),
      });
    expect((await as(carl, 'unlock', '--force', 'x.txt')).code).toBe(0);
    expect((await as(carl, 'pause')).code).toBe(0);
    expect((await as(carl, 'resume')).code).toBe(0);

    for (const port of [pair.portA, pair.portB]) {
      const refused = await run('client', ['--server', `127.0.0.1:${port}`, 'list'], pair.env);
      expect(refused).toMatchObject({ code: 7, stdout: '', stderr: expect.stringContaining('only people with a key') });
    }
    const said =
      JSON.stringify([...pair.serverA.said, ...pair.serverB.said]) + pair.serverA.stderr + pair.serverB.stderr;
    for (const name of fs.readdirSync(keys))
      expect(said).not.toContain(fs.readFileSync(path.join(keys, name), 'utf8').split(':')[2]!.slice(0, 16));
  });

  it('does not believe --as, and takes the name of the key where none is given', async () => {
    putWhole(pair.a, 'x.txt', 'x');
    await startWithKeys();
    const anna = newKey('anna');
    expect(await as(anna, '--as', 'carl', 'list')).toMatchObject({
      code: 7,
      stdout: '',
      stderr: expect.stringMatching(/proves the name anna, not "carl"/),
    });
    pair.env.LOCKSTEP_USER = 'carl';
    expect((await as(anna, 'lock', 'x.txt')).code).toBe(7);
    delete pair.env.LOCKSTEP_USER;
    expect((await as(anna, '--as', 'anna', 'lock', 'x.txt')).code).toBe(0);
    expect((await as(anna, 'locks', '--mine')).stdout).toContain('x.txt');
    const config = await run('lockstep', ['config'], { ...pair.env, LOCKSTEP_SECRET_FILE: anna });
    expect(config.stdout).toMatch(/^user +anna +the key$/m);
  });

  it('ends the connections of a key that is removed, and refuses it from then on', async () => {
    await startWithKeys();
    const anna = newKey('anna');
    const copy = path.join(pair.directory, 'annas.key');
    fs.copyFileSync(anna, copy);
    const client = await Client.connect({ server: `127.0.0.1:${pair.portA}`, secretFile: copy });
    const since = performance.now();
    fs.rmSync(anna);
    await client.closed;
    expect(performance.now() - since).toBeLessThan(3_000);
    expect(await as(copy, 'list')).toMatchObject({
      code: 7,
      stdout: '',
      stderr: expect.stringContaining('does not accept the key of anna'),
    });
  });

  it('is not paired with who has only the key of a person', async () => {
    newKey('peer');
    const anna = newKey('anna');
    await pair.startB('--keys', keys);
    await pair.startA('--secret-file', anna);
    expect((await pair.serverA.wait('peer-lost')).reason).toMatch(/The key of anna is not that of the two servers/);
    await pair.serverA.stop();
    await pair.startA('--secret-file', path.join(keys, 'peer.key'));
    await pair.serverA.wait('in-sync');
    fs.rmSync(path.join(keys, 'peer.key'));
    expect((await pair.serverA.wait('peer-lost')).reason).toMatch(/key|closed/);
    await until(() => pair.serverB.said.some(({ event }) => event === 'peer-lost'));
  });

  it('does not start without its keys, with a secret beside them, or open to others', async () => {
    const start = (...args: string[]) => refused('server-a', ['--dir', pair.a, '--port', '0', ...args], pair.env);
    expect(await start('--keys', keys)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('lockstep key new peer'),
    });
    const anna = newKey('anna');
    expect(await start('--keys', keys)).toMatchObject({ code: 2, stderr: expect.stringContaining('has no peer.key') });
    newKey('peer');
    expect(await start('--keys', keys, '--secret-file', anna)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('both say who may connect'),
    });
    fs.chmodSync(anna, 0o644);
    expect(await start('--keys', keys)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`chmod 600 ${anna}`),
    });
    expect(fs.readdirSync(pair.a)).toEqual([]);
  });
});

/** The lines of the audit log. */
const auditOf = (root: string): Record<string, unknown>[] =>
  (textOf(root, '.lockstep/audit.ndjson') ?? '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the audit', () => {
  it('has what was done, by whom, and whether that is proved; and nothing that was refused at the door', async () => {
    putWhole(pair.a, 'x.txt', 'x');
    await startWithKeys();
    const [anna, bert] = [newKey('anna'), newKey('bert', 'read')];
    await as(anna, 'lock', '0', '-m', 'why');
    await as(bert, 'lock', 'x.txt');
    await as(anna, 'delete', 'x.txt');
    expect(auditOf(pair.a)).toMatchObject([
      {
        who: 'anna',
        proved: true,
        role: 'user',
        method: 'lock',
        paths: ['x.txt'],
        asked: { message: 'why' },
        after: { owner: 'anna' },
      },
      {
        who: 'anna',
        proved: true,
        method: 'delete',
        paths: ['x.txt'],
        before: { 'x.txt': { owner: 'anna', size: 1 } },
      },
    ]);
    expect(auditOf(pair.a)[0]!.from).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it('is there after a kill, and says that a name is only claimed without keys', async () => {
    pair.asProcesses();
    putWhole(pair.a, 'x.txt', 'x');
    await pair.start();
    await pair.client('--as', 'carl', 'lock', 'x.txt');
    await pair.serverA.crash();
    expect(auditOf(pair.a)).toMatchObject([{ who: 'carl', proved: false, role: 'admin', method: 'lock' }]);
  });

  it('keeps what cannot be recorded from being done', async () => {
    putWhole(pair.a, 'x.txt', 'x');
    await pair.start();
    const file = path.join(pair.a, '.lockstep', 'audit.ndjson');
    fs.mkdirSync(file);
    const words = expect.stringMatching(/^Nothing was done, because it cannot be recorded in .*audit\.ndjson: /);
    expect(await pair.client('lock', 'x.txt')).toMatchObject({ code: 1, stderr: words });
    expect(await pair.client('delete', 'x.txt')).toMatchObject({ code: 1, stderr: words });
    expect((await pair.client('locks')).stdout).not.toContain('x.txt');
    expect((await pair.client('status')).stdout).toContain('audit.ndjson');
    expect(textOf(pair.a, 'x.txt')).toBe('x');
    fs.rmdirSync(file);
    expect((await pair.client('delete', 'x.txt')).code).toBe(0);
  });
});

describe('lockstep key', () => {
  it('says what to do next, and never makes a key over one that is there', async () => {
    const made = await run('lockstep', ['key', 'new', 'anna'], { ...pair.env, XDG_CONFIG_HOME: pair.directory });
    const file = path.join(pair.directory, 'lockstep', 'keys', 'anna.key');
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toContain(file);
    expect(made.stdout).toContain('--secret-file anna.key');
    expect(made.stdout).not.toContain(fs.readFileSync(file, 'utf8').split(':')[2]!.slice(0, 16));
    const again = await run('lockstep', ['key', 'new', 'anna'], { ...pair.env, XDG_CONFIG_HOME: pair.directory });
    expect(again).toMatchObject({ code: 5, stdout: '' });
    for (const args of [['new', '../x'], ['new'], [], ['make', 'x'], ['new', 'x', '--role', 'boss']])
      expect((await run('lockstep', ['key', ...args], pair.env)).code).toBe(2);
  });
});
