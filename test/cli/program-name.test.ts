// Messages name the programs as they were called, and nobody is sent to npx who did not come by it.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { asCalled, haltInTheirNames, programNames } from '../../src/cli/program-name.js';
import { serverCommand } from '../../src/cli/server/command.js';
import { SyncError } from '../../src/core/errors.js';
import { fakeApi, run } from './fake-context.js';

const npx = { npm_command: 'exec', npm_lifecycle_event: 'npx' };

describe('the names of the programs', () => {
  it.each<[string, string | undefined, Record<string, string>, string, string, string]>([
    ['in the checkout', '/home/ann/lockstep/bin/client', {}, 'client', 'server-a', 'server-b'],
    ['on the path', '/usr/local/bin/client', {}, 'client', 'server-a', 'server-b'],
    ['by npx', '/home/ann/lockstep/bin/client', npx, 'npx client', 'npx server-a', 'npx server-b'],
    ['from a script of npm', '/x/bin/client', { npm_command: 'run-script' }, 'client', 'server-a', 'server-b'],
    ['by another npm exec', '/x/bin/client', { npm_command: 'exec' }, 'client', 'server-a', 'server-b'],
    ['installed', '/usr/bin/lockstep', {}, 'lockstep', 'lockstep serve a', 'lockstep serve b'],
    ['installed, by npx', '/x/bin/lockstep', npx, 'npx lockstep', 'npx lockstep serve a', 'npx lockstep serve b'],
    ['without a name', undefined, {}, 'client', 'server-a', 'server-b'],
  ])('%s', (_where, program, env, client, serverA, serverB) => {
    expect(programNames(program, env)).toMatchObject({ client, serverA, serverB });
    const isNpx = client.startsWith('npx ');
    expect(programNames(program, env).lockstep).toBe(isNpx ? 'npx lockstep' : 'lockstep');
  });
});

describe('messages', () => {
  const names = programNames('', npx);
  const lockstep = programNames('/usr/bin/lockstep', {});
  const away = async () => ({ ...(await fakeApi([]).status()), peer: { address: 'x:1', connected: false } });

  it('say how to start what cannot be reached', async () => {
    const connect = () => Promise.reject(new SyncError('unreachable', 'Nobody there.'));
    expect((await run([], { connect, names })).err).toContain('Start it with "npx server-a"');
    expect((await run([], { connect, names: lockstep })).err).toContain('Start it with "lockstep serve a"');
    expect((await run([], { connect })).err).toContain('Start it with "server-a"');
  });

  it('name lockstep as it was called, and leave files of that name alone', () => {
    expect(asCalled('Try "lockstep up --help".', names)).toBe('Try "npx lockstep up --help".');
    expect(asCalled('lockstep up ~/art ~/lockstep b', names)).toBe('npx lockstep up ~/art ~/lockstep b');
    expect(asCalled('Start it with: lockstep up art', lockstep)).toBe('Start it with: lockstep up art');
  });

  it('say how to start server-b', async () => {
    for (const command of ['list', 'status', 'flush']) {
      const { out, err } = await run([command], { api: { ...fakeApi(['a']), status: away }, names });
      expect(out + err).toContain('"npx server-b"');
    }
  });

  it('put the name into advice, and leave names of files alone', async () => {
    const rows: [hint: string, said: string][] = [
      ['See what there is with: client list', 'See what there is with: npx client list'],
      ['Type "client resume --new-partner".', 'Type "npx client resume --new-partner".'],
      ['Try "client --help".', 'Try "npx client --help".'],
      ['The client went away: "client.txt".', 'The client went away: "client.txt".'],
    ];
    for (const [hint, said] of rows) {
      const api = { ...fakeApi([]), rescan: () => Promise.reject(new SyncError('failed', 'No.', { hint })) };
      expect((await run(['rescan'], { api, names })).err).toBe(`No. ${said}\n`);
    }
  });

  it('put it into what the commands say', async () => {
    expect((await run(['lock', 'a.txt'], { names })).out).toContain('wait until "npx client unlock a.txt".');
    expect((await run(['pause'], { names })).out).toContain('until "npx client resume".');
    const api = fakeApi(['x', 'x (conflict B)']);
    expect((await run(['conflicts'], { api, names })).out).toContain('with: npx client resolve');
    const problems = [{ path: '', code: 'root-emptied' as const, message: 'gone' }];
    const paused = { by: 'ann', since: '2026-11-21T14:03:00.000Z' };
    api.status = async () => ({ ...(await fakeApi([]).status()), state: 'paused', paused, problems });
    const { out } = await run(['status'], { api, names });
    expect(out).toContain('Go on with: npx client resume');
    expect(out).toContain('"npx client resume --accept-deletes"');
    expect(out).not.toMatch(/(?<!npx )client [a-z]/);
  });

  it('name it in the help', async () => {
    const { out } = await run(['--help'], { names: lockstep });
    expect(out).toMatch(/^Usage: lockstep \[options\] \[command\]/);
    expect(out).toContain('  lockstep lock 3 -m "new cover"');
    expect((await run(['lock', '--seize', 'x'], { names })).err).toContain('Try "npx client lock --help".');
    expect(serverCommand('a', () => {}, lockstep).helpInformation()).toMatch(/^Usage: lockstep serve a /);
  });

  it('stand in the advice of a halt, and no file is renamed in what is said of it', () => {
    const lockstep = { client: 'lockstep' };
    for (const message of [
      '"client list.xlsx" is locked by bert.',
      'call with client acme.pdf: gone',
      'client resume.txt',
    ])
      expect(haltInTheirNames(message, lockstep)).toBe(message);
    expect(haltInTheirNames('Confirm it with: client resume --accept-deletes', lockstep)).toBe(
      'Confirm it with: lockstep resume --accept-deletes',
    );
  });

  it('speak of npx in one file only', () => {
    const src = path.join(import.meta.dirname, '../../src');
    const files = fs.readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const speaking = files.filter((name) => /\bnpx\b/.test(fs.readFileSync(path.join(src, name), 'utf8')));
    expect(speaking).toEqual(['cli/program-name.ts']);
  });
});
