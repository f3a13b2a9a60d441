// `lockstep service` by the real program, on a stand-in for systemd that really runs what the unit says.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Ran, run, textOf, until } from '../support/programs.js';
import { full, some } from '../support/sizes.js';

let directory: string;
let a: string;
let b: string;
let env: NodeJS.ProcessEnv;

beforeEach(() => {
  directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep service %n ')));
  [a, b] = [path.join(directory, 'a'), path.join(directory, 'b')];
  const [bin, home, config] = ['bin', 'systemd', 'config'].map((name) => path.join(directory, name));
  for (const each of [a, b, bin!, home!, path.join(config!, 'lockstep')]) fs.mkdirSync(each, { recursive: true });
  const fake = path.resolve(import.meta.dirname, '../support/fake-systemd.sh');
  for (const name of ['systemctl', 'journalctl', 'loginctl']) fs.symlinkSync(fake, path.join(bin!, name));
  fs.writeFileSync(path.join(config!, 'lockstep', 'config.toml'), `[pairs.art]\ndir = '${a}'\nother = '${b}'\n`);
  const own = Object.entries(process.env).filter(([name]) => !/^(LOCKSTEP|npm)_/.test(name));
  env = {
    ...Object.fromEntries(own),
    ...{ PATH: `${bin}:${process.env.PATH}`, FAKE_SYSTEMD: home, XDG_CONFIG_HOME: config, NO_COLOR: '1' },
    XDG_STATE_HOME: path.join(directory, 'state'),
  };
  onTestFinished(async () => {
    if (fs.existsSync(unit())) await service('remove', 'art');
    fs.rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  });
});

/** Runs a command on services of the user, also where the tests run as root. */
const service = (...words: string[]): Promise<Ran> =>
  run('lockstep', ['service', '--user', ...words], env, '', directory);

const unit = () => path.join(directory, 'config', 'systemd', 'user', 'lockstep-art.service');
const calls = () => (textOf(directory, 'systemd/calls') ?? '').split('\n');

describe.runIf(process.platform === 'linux')('lockstep service', () => {
  it('keeps a pair running, shows how it is, and goes without a trace', async () => {
    fs.writeFileSync(path.join(a, 'one.txt'), 'one');
    const installed = await service('install', 'art');
    expect([installed.code, installed.stderr]).toEqual([0, '']);
    expect(installed.stdout).toContain(`Installed the service of art: ${unit()}`);
    expect(installed.stdout).toContain('loginctl enable-linger');
    expect(calls()).toEqual(expect.arrayContaining(['systemctl --user enable lockstep-art.service']));
    const before = await service('status', 'art');
    expect([before.code, before.stdout]).toEqual([1, expect.stringContaining('stopped; it begins by itself')]);

    const started = await service('start', 'art');
    expect([started.code, started.stderr]).toEqual([0, '']);
    expect(started.stdout).toMatch(/^Started the service of art\. (In sync|Syncing)/);
    await until(() => textOf(b, 'one.txt') === 'one');
    const running = await service('status', 'art');
    expect([running.code, running.stdout]).toEqual([0, expect.stringMatching(/running \(process \d+\).*\nThe pair: /)]);
    const facts = JSON.parse((await service('status', 'art', '--json')).stdout) as Record<string, unknown>;
    expect(facts).toMatchObject({ name: 'art', service: 'running', enabled: true, file: unit() });
    expect((await service('logs', 'art')).stdout).toMatch(/ ready 127|\nready 127/);

    expect((await service('stop', 'art')).stdout).toBe('Stopped the service of art.\n');
    await until(() => textOf(a, '.lockstep/server.json') === null);
    const removed = await service('remove', 'art');
    expect([removed.code, removed.stdout]).toEqual([0, `Removed the service of art: ${unit()}\n`]);
    expect(fs.existsSync(unit())).toBe(false);
    expect((await service('remove', 'art')).stdout).toBe('There is no service of art.\n');
    expect(fs.existsSync(path.join(a, '.lockstep')), 'the state of the pair').toBe(true);
  });

  it('says what a first contact wants that nobody can be asked about, and does not hang', async () => {
    for (const [root, text] of [
      [a, 'mine'],
      [b, 'theirs'],
    ] as const)
      fs.writeFileSync(path.join(root, 'both.txt'), text);
    const installed = await service('install', 'art');
    expect(installed.stdout).toContain('a service cannot ask. Confirm their first contact by hand: lockstep up art');
    const started = await service('start', 'art');
    expect(started.code).toBe(1);
    expect(started.stderr).toContain(
      'The service of art has ended by itself (exit code 2). It said: The two directories',
    );
    expect(started.stderr).toContain('See and confirm that once by hand with "lockstep up art"');
    expect(await service('status', 'art')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('meet for the first'),
    });
    expect([textOf(a, 'both.txt'), textOf(b, 'both.txt')]).toEqual(['mine', 'theirs']);
  });

  it('shows the unit without writing it, and says where systemd does not answer', async () => {
    env.FAKE_SYSTEMD_DOWN = '1';
    const shown = await service('install', 'art', '--print');
    expect([shown.code, shown.stdout]).toEqual([0, expect.stringContaining('[Service]\nType=exec\nExecStart=')]);
    for (const words of [
      ['install', 'art'],
      ['status', 'art'],
    ]) {
      const { code, stderr } = await service(...words);
      expect([code, stderr]).toEqual([
        1,
        expect.stringContaining('Failed to connect to bus: No medium found. Log in as'),
      ]);
    }
    expect(fs.existsSync(unit())).toBe(false);
    delete env.FAKE_SYSTEMD_DOWN;
  });

  it.runIf(full)('says where there is no systemd at all', async () => {
    const node = path.join(directory, 'only-node');
    fs.mkdirSync(node);
    fs.symlinkSync(process.execPath, path.join(node, 'node'));
    const { PATH } = env;
    env.PATH = node;
    const { code, stderr } = await service('install', 'art');
    env.PATH = PATH;
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('there is no program systemctl. Where something else keeps'),
    ]);
  });

  it.each<[string[], number, string]>([
    [[], 2, 'service takes what to do: install, start'],
    [['install'], 2, "Missing required argument 'name'"],
    [['install', 'no'], 2, 'There is no pair no. There is: art.'],
    [['start', 'art'], 2, 'The pair art has no service. Install it with: lockstep service install art'],
  ])('refuses %j', async (words, exit, message) => {
    const { code, stderr } = await service(...words);
    expect([code, stderr]).toEqual([exit, expect.stringContaining(message)]);
  });

  const analyze = spawnSync('systemd-analyze', ['--version']).status === 0;
  it.skipIf(!analyze)('writes units that systemd finds right (needs systemd-analyze)', async () => {
    const file = path.join(directory, 'lockstep-art.service');
    const scopes: [scope: string, words: string[]][] = [
      ['--user', ['--user']],
      ['--system', process.getuid?.() === 0 ? [] : ['--user']],
    ];
    for (const [scope, words] of some(scopes, 0)) {
      const { stdout } = await run('lockstep', ['service', ...words, 'install', 'art', '--print'], env, '', directory);
      fs.writeFileSync(file, stdout);
      const {
        status,
        stderr,
        stdout: said,
      } = spawnSync('systemd-analyze', [scope, 'verify', file], {
        encoding: 'utf8',
        env: { ...process.env, XDG_RUNTIME_DIR: directory },
      });
      expect([scope, status, stderr, said]).toEqual([scope, 0, '', '']);
      // How much of the machine the unit of root is exposed to, from 0 to 10, in tenths.
      if (words.length > 0) continue;
      const exposure = spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=30', file]);
      expect(exposure.status, String(exposure.stdout)).toBe(0);
    }
  });
});
