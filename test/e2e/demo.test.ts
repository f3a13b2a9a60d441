// What `npm start` runs on: copies of the samples that git ignores. Tried in a checkout of its own, so that neither the
// samples nor the ports that somebody uses are touched.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { portToKeep } from '../support/ports.js';
import { project, run, until } from '../support/programs.js';
import { noTerminal, TerminalProgram } from '../support/terminal.js';

let checkout: string;
const at = (...names: string[]) => path.join(checkout, ...names);
const git = (...args: string[]) => execFileSync('git', args, { cwd: checkout, encoding: 'utf8' });
const prepare = () => spawnSync(process.execPath, ['scripts/demo.mjs'], { cwd: checkout, encoding: 'utf8' });

beforeEach(() => {
  checkout = fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-demo-'));
  for (const name of ['.gitignore', 'package.json', 'bin', 'scripts', 'directory_a', 'directory_b']) {
    const filter = (from: string) => path.basename(from) !== '.lockstep';
    fs.cpSync(path.join(project, name), at(name), { recursive: true, preserveTimestamps: true, filter });
  }
  for (const name of ['dist', 'node_modules']) fs.symlinkSync(path.join(project, name), at(name));
});

afterEach(() => {
  if (!checkout.startsWith(os.tmpdir())) throw new Error(`${checkout} is not temporary`);
  fs.rmSync(checkout, { recursive: true, force: true });
});

describe('the copies of the samples', () => {
  test('are made with the times of the files, without the state of a server that ran on the samples', () => {
    fs.utimesSync(at('directory_a/budget.csv'), 1e9, 1e9);
    fs.mkdirSync(at('directory_a/.lockstep'));
    const { stdout, stderr, status } = prepare();
    expect([stderr, status]).toEqual(['', 0]);
    expect(stdout).toContain('demo/directory_a');
    expect(stdout).toContain('demo/directory_b');
    expect(stdout).toContain('rm -r demo');
    expect(fs.statSync(at('demo/directory_a/budget.csv')).mtimeMs).toBe(1e12);
    expect(fs.readdirSync(at('demo/directory_a'))).toEqual(
      fs.readdirSync(at('directory_a')).filter((name) => name !== '.lockstep'),
    );
    expect(fs.readdirSync(checkout).filter((name) => name.startsWith('demo'))).toEqual(['demo']);
  });

  test('stay as they were left', () => {
    prepare();
    fs.writeFileSync(at('demo/directory_a/budget.csv'), 'mine');
    fs.rmSync(at('demo/directory_b/logo.gif'));
    expect(prepare()).toMatchObject({ status: 0, stdout: expect.stringContaining('as you left them') });
    expect(fs.readFileSync(at('demo/directory_a/budget.csv'), 'utf8')).toBe('mine');
    expect(fs.existsSync(at('demo/directory_b/logo.gif'))).toBe(false);
  });

  test('are not mended where one of them is gone: that would mix an old side with a new one', () => {
    prepare();
    fs.rmSync(at('demo/directory_b'), { recursive: true });
    const { stderr, status } = prepare();
    expect(status).toBe(2);
    expect(stderr).toBe('demo/directory_b is missing. Start over with: rm -r demo && npm start\n');
  });
});

/** An environment with ports of its own for both servers. */
async function ownEnv() {
  const [portA, portB] = [await portToKeep(), await portToKeep()];
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('LOCKSTEP_'));
  const ports = { LOCKSTEP_A_PORT: `${portA}`, LOCKSTEP_B_PORT: `${portB}`, LOCKSTEP_A_PEER: `127.0.0.1:${portB}` };
  return { portA, env: { ...Object.fromEntries(own), ...ports, XDG_STATE_HOME: at('.git/state'), NO_COLOR: '1' } };
}

test.skipIf(noTerminal !== null)(
  'npm start ends both servers when its terminal is closed',
  { timeout: 60_000 },
  async () => {
    const { env } = await ownEnv();
    const served = ['a', 'b'].map((side) => at(`demo/directory_${side}/.lockstep/server.json`));
    const terminal = new TerminalProgram(['npm', '--prefix', checkout, 'start'], env);
    try {
      await until(
        () => /server-a \|.*in sync/.test(terminal.text),
        () => terminal.text,
      );
      expect(served.filter((file) => fs.existsSync(file))).toEqual(served);
      terminal.hangUp();
      await until(
        () => served.every((file) => !fs.existsSync(file)),
        () => 'a server still serves its copy',
      );
    } finally {
      terminal.end();
    }
  },
);

test('npm start serves the copies, ends with Ctrl-C, and leaves nothing that git sees', {
  timeout: 60_000,
}, async () => {
  fs.mkdirSync(at('.git/info'), { recursive: true });
  git('init', '-q');
  fs.writeFileSync(at('.git/info/exclude'), 'dist\nnode_modules\n');
  git('add', '-A');
  git('-c', 'user.name=t', '-c', 'user.email=t@localhost', 'commit', '-qm', 'The samples');
  const { portA, env } = await ownEnv();
  const started = spawn('npm', ['start'], { cwd: checkout, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => started.on('close', resolve));
  let said = '';
  for (const stream of [started.stdout, started.stderr])
    stream.setEncoding('utf8').on('data', (text) => (said += text));
  try {
    await until(
      () => /^server-a \|.*in sync/m.test(said),
      () => said,
    );
    await until(
      () => /^The page, for ten minutes: http:\/\/127\.0\.0\.1:\d+\/#[\w-]{43}$/m.test(said),
      () => said,
    );
    expect(said).toMatch(/^server-b \|.*listening.*\/demo\/directory_b$/m);
    const { stdout } = await run('client', ['list'], { ...env, LOCKSTEP_SERVER: `127.0.0.1:${portA}` });
    for (const name of ['budget.csv', 'brochure.pdf', 'sketches/front.png']) expect(stdout).toContain(name);
    expect(fs.existsSync(at('demo/directory_a/brochure.pdf'))).toBe(true);
    expect(fs.existsSync(at('directory_a/brochure.pdf'))).toBe(false);
    process.kill(-started.pid!, 'SIGINT');
    await ended;
    expect(git('status', '--porcelain')).toBe('');
  } finally {
    try {
      process.kill(-started.pid!, 'SIGKILL');
    } catch {
      // All of it has ended.
    }
  }
});
