// The programs without a secret on a machine with several users: everybody but oneself and root is kept out.
import { execFile, spawnSync } from 'node:child_process';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PairOfPrograms, project, putWhole, type Ran, textOf, until } from '../support/programs.js';
import { missing } from '../support/tools.js';

const NOBODY = 65_534;
const as = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] as const;
const readable =
  missing.nobody !== '' ||
  spawnSync(as[0], [...as.slice(1), 'test', '-r', path.join(project, 'dist/cli/client.js')]).status === 0;
const skipped = missing.nobody || (readable ? '' : ' (skipped: other users cannot read this checkout)');

let pair: PairOfPrograms;
beforeEach(() => {
  pair = new PairOfPrograms('here if short');
});
afterEach(() => pair.close());

/** The client program, run by another user. */
function clientOfNobody(port: number, ...args: string[]): Promise<Ran> {
  const options = { uid: NOBODY, gid: NOBODY, cwd: '/', env: { ...pair.env, XDG_STATE_HOME: '/nonexistent' } };
  const all = ['--server', `127.0.0.1:${port}`, ...args];
  return new Promise((resolve) =>
    execFile(path.join(project, 'bin', 'client'), all, options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    ),
  );
}

describe.skipIf(skipped !== '')(`another local user${skipped}`, () => {
  it('is refused by both servers with exit 7 and the way out, and nothing is changed', async () => {
    putWhole(pair.a, 'private.txt', 'mine');
    await pair.start();
    for (const port of [pair.portA, pair.portB]) {
      const refused = await clientOfNobody(port, 'list');
      expect(refused).toMatchObject({ code: 7, stdout: '' });
      expect(refused.stderr).toMatch(/another user of this machine.*--secret-file.*--allow-local/);
    }
    const deleted = await clientOfNobody(pair.portA, '--json', 'rm', 'private.txt');
    expect([deleted.code, JSON.parse(deleted.stdout).error.code]).toEqual([7, 'not-allowed']);
    expect(textOf(pair.a, 'private.txt')).toBe('mine');
    await until(() => pair.serverA.stderr.includes(`uid ${NOBODY}`) && pair.serverB.stderr.includes(`uid ${NOBODY}`));
    expect((await pair.client('list')).stdout).toContain('private.txt');
  });

  it('is let in where the server says so', async () => {
    pair.env.LOCKSTEP_A_ALLOW_LOCAL = '1';
    putWhole(pair.a, 'shared.txt', 'ours');
    await pair.start();
    const listed = await clientOfNobody(pair.portA, 'list');
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining('shared.txt') });
  });

  it('is no server that his own server-a or client would talk to, unless told to', async () => {
    const listening = `require('net').createServer((socket) => socket.on('data', () => socket.end('hello'))).listen(
      0, '127.0.0.1', function () { console.log(this.address().port); })`;
    const { child, port } = await serverOf(1_234, listening);
    try {
      const refused = await clientOfNobody(port, 'list');
      expect(refused).toMatchObject({ code: 7, stderr: expect.stringContaining('belongs to another user') });
      const trusted = await clientOfNobody(port, '--allow-local', 'list');
      expect(trusted.stderr).not.toContain('belongs to another user');
    } finally {
      child.kill('SIGKILL');
    }
  });
});

function serverOf(uid: number, source: string): Promise<{ child: ReturnType<typeof execFile>; port: number }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ['-e', source], { uid, gid: uid, cwd: '/' });
    child.stdout!.once('data', (text: string) => resolve({ child, port: Number(text) }));
  });
}
