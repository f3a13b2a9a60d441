// `lockstep up`: a pair of one's own folders, and one over a command such as ssh, by the real program.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { project, type Ran, run, type Said, ServerProcess, textOf, until } from '../support/programs.js';
import { full, sized, some } from '../support/sizes.js';

const LOCKSTEP = path.join(project, 'bin', 'lockstep');

let directory: string;
let a: string;
let b: string;
let env: NodeJS.ProcessEnv;

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-up-'));
  [a, b] = [path.join(directory, 'a'), path.join(directory, 'b')];
  const isOfOthers = (name: string) => name.startsWith('LOCKSTEP_') || name.startsWith('npm_');
  const own = Object.entries(process.env).filter(([name]) => !isOfOthers(name));
  const xdg = { XDG_STATE_HOME: path.join(directory, 'state'), XDG_CONFIG_HOME: path.join(directory, 'config') };
  env = { ...Object.fromEntries(own), ...xdg, NO_COLOR: '1' };
  onTestFinished(() => fs.rmSync(directory, { recursive: true, force: true }));
});

/** Starts a pair; it is ended with the test. */
function up(...words: string[]): ServerProcess {
  const pair = new ServerProcess('lockstep', ['up', ...words], env);
  onTestFinished(async () => void (await pair.stop()));
  return pair;
}

const lockstepIn = (cwd: string, ...words: string[]): Promise<Ran> => run('lockstep', words, env, '', cwd);

/** A stand-in for ssh: notes its process, greets, leaves out the host, and has a shell run the rest, as sshd does. */
function fakeSsh(): { command: string; pids(): number[] } {
  const command = path.join(directory, 'ssh');
  const pids = path.join(directory, 'pids');
  fs.writeFileSync(command, `#!/bin/sh\necho $$ >> ${pids}\nshift\necho Welcome to office\nexec sh -c "exec $*"\n`, {
    mode: 0o755,
  });
  return { command, pids: () => (textOf(directory, 'pids') ?? '').split('\n').filter(Boolean).map(Number) };
}

const reconnected = ({ event }: Said): boolean => event === 'peer-connected';

describe('lockstep up with two directories of this machine', () => {
  it('keeps them identical, says where it answers, and is found from inside them', async () => {
    for (const root of [a, b]) fs.mkdirSync(root);
    fs.writeFileSync(path.join(a, 'one.txt'), 'one');
    fs.mkdirSync(path.join(b, 'deep'));
    fs.writeFileSync(path.join(b, 'deep', 'two.txt'), 'two');
    const pair = up(a, b, '--yes');
    const { address } = await pair.wait('ready');
    expect(address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect([textOf(b, 'one.txt'), textOf(a, 'deep/two.txt')]).toEqual(['one', 'two']);
    const locked = await lockstepIn(path.join(b, 'deep'), '--json', 'lock', 'one.txt');
    expect(JSON.parse(locked.stdout)).toMatchObject({ path: 'one.txt', changed: true, side: 'b' });
    const listed = await lockstepIn(a, '--json', 'locks');
    expect(JSON.parse(listed.stdout).locks).toMatchObject([{ path: 'one.txt', side: 'b' }]);
    expect(await pair.stop()).toBe(0);
    // Then the usual address counts, where anybody's server may answer.
    for (const root of [a, b]) expect(fs.existsSync(path.join(root, '.lockstep', 'address.json'))).toBe(false);
  });

  it('touches nothing at a first contact that nobody has confirmed', async () => {
    for (const root of [a, b]) fs.mkdirSync(root);
    fs.writeFileSync(path.join(a, 'one.txt'), 'one');
    fs.writeFileSync(path.join(a, 'both.txt'), 'newer');
    fs.writeFileSync(path.join(b, 'both.txt'), 'older');
    fs.utimesSync(path.join(b, 'both.txt'), 1_000_000, 1_000_000);
    const { code, stderr } = await run('lockstep', ['up', a, b], env);
    expect([code, stderr]).toEqual([2, expect.stringContaining('1 file a → b, 1 decided by time')]);
    expect([textOf(b, 'one.txt'), textOf(b, 'both.txt')]).toEqual([null, 'older']);
    await up(a, b, '--yes').wait('ready');
    expect([textOf(b, 'one.txt'), textOf(b, 'both.txt')]).toEqual(['one', 'newer']);
  });

  it('starts server-b anew where it dies', async () => {
    for (const root of [a, b]) fs.mkdirSync(root);
    const pair = up(a, b);
    await pair.wait('ready');
    const { pid } = JSON.parse(textOf(b, '.lockstep/server.json')!) as { pid: number };
    const since = pair.said.length;
    process.kill(pid, 'SIGKILL');
    await pair.wait(reconnected, since);
    fs.writeFileSync(path.join(b, 'after.txt'), 'after');
    await until(() => textOf(a, 'after.txt') === 'after');
  });

  it('leaves no server-b behind when it is killed', async () => {
    for (const root of [a, b]) fs.mkdirSync(root);
    const pair = up(a, b);
    await pair.wait('ready');
    await pair.crash();
    await until(() => textOf(b, '.lockstep/server.json') === null);
  });

  it.runIf(full)('makes what is missing only when asked to', async () => {
    fs.mkdirSync(a);
    const refused = await run('lockstep', ['up', a, b], env);
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining(`"${b}" does not exist. Make it with --create.`),
    ]);
    expect(fs.existsSync(b)).toBe(false);
    for (let n = 0; n < 20; n++) fs.writeFileSync(path.join(a, `${n}.txt`), String(n));
    await up(a, b, '--create').wait('ready');
    expect(textOf(b, '19.txt')).toBe('19');
  });

  const refusals: [words: string[], message: string][] = [
    [['up'], 'up takes two directories, or the name of a pair.'],
    [['up', 'x'], 'There is no pair "x".'],
    [['up', './x'], 'The other directory is missing.'],
    [['up', 'office:x', 'y'], 'The first directory is one of this machine. Try "lockstep up y office:x"'],
    [['up', '.', 'office:x', '--ssh', ''], '--ssh takes a command'],
    [['serve'], 'serve takes the side to serve'],
    [['serve', 'c'], 'serve takes a or b, not "c"'],
  ];
  // The others are refused by the same code, which cli/up/config has a test of.
  it.each(some(refusals, 3, 4, 5, 6))('refuses %j', async (words, message) => {
    const { code, stderr } = await run('lockstep', words, env);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});

describe('lockstep up with a directory of another machine', () => {
  it('works through stdin and stdout of one command, past what its shell prints before, large contents too', async () => {
    for (const root of [a, b]) fs.mkdirSync(root);
    const large = Buffer.alloc(sized(4, 20) * 1024 * 1024, 'large ');
    fs.writeFileSync(path.join(a, 'large.bin'), large);
    const { command, pids } = fakeSsh();
    const pair = up(a, `anna@office:${b}`, '--ssh', command, '--remote', LOCKSTEP);
    await pair.wait('ready');
    expect(fs.readFileSync(path.join(b, 'large.bin')).equals(large)).toBe(true);
    const status = await lockstepIn(a, '--json', 'status');
    expect(JSON.parse(status.stdout).peer).toMatchObject({ address: `anna@office:${b}`, connected: true });
    expect(await pair.stop()).toBe(0);
    await until(() => textOf(b, '.lockstep/server.json') === null);
    expect(pids()).toHaveLength(1);
  });

  it.runIf(full)('connects anew by itself', async () => {
    for (const root of [a, b]) fs.mkdirSync(root);
    const { command, pids } = fakeSsh();
    const pair = up(a, `office:${b}`, '--ssh', command, '--remote', LOCKSTEP);
    await pair.wait('ready');
    const since = pair.said.length;
    process.kill(pids()[0]!, 'SIGKILL');
    await pair.wait('peer-lost', since);
    await pair.wait(reconnected, since);
    fs.writeFileSync(path.join(b, 'after.txt'), 'after');
    await until(() => textOf(a, 'after.txt') === 'after');
    expect(pids()).toHaveLength(2);
  });

  it('waits for a server-b there to end whose server-a was cut off', async () => {
    for (const root of [a, b]) fs.mkdirSync(root);
    const { command } = fakeSsh();
    const cut = spawn(LOCKSTEP, ['serve', 'b', '--stdio', '--dir', b], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    onTestFinished(() => void cut.kill());
    await once(cut.stdout, 'data');
    const pair = up(a, `office:${b}`, '--ssh', command, '--remote', LOCKSTEP);
    await pair.wait('scan-finished');
    await until(() => fs.existsSync(path.join(directory, 'pids')));
    cut.stdin.end();
    await pair.wait('ready');
    expect(pair.said.filter(({ event }) => event === 'peer-lost')).toEqual([]);
  });

  it('lets the other machine say that its documents lock nothing', async () => {
    for (const root of [a, b]) fs.mkdirSync(root);
    env.LOCKSTEP_B_AUTO_LOCK = 'off';
    for (const [root, name] of [
      [a, 'roof.odt'],
      [b, 'plan.odt'],
    ] as const)
      fs.writeFileSync(path.join(root, name), name);
    const pair = up(a, `office:${b}`, '--ssh', fakeSsh().command, '--remote', LOCKSTEP, '--yes');
    await pair.wait('ready');
    const opens = (root: string, name: string) =>
      fs.writeFileSync(path.join(root, `.~lock.${name}#`), ',anna,studio,21.11.2026 14:03,file:///home/anna;');
    opens(b, 'plan.odt');
    fs.writeFileSync(path.join(b, 'after.txt'), 'after');
    await until(() => textOf(a, 'after.txt') === 'after');
    opens(a, 'roof.odt');
    await pair.wait('opened');
    expect(pair.said.filter(({ event }) => event === 'opened')).toMatchObject([{ path: 'roof.odt', side: 'a' }]);
  });

  it.each([
    ['where Lockstep is missing', 'office:x', 'no-such-lockstep', 'There is no program no-such-lockstep on office.'],
    [
      'where the directory is missing',
      'office:no such dir',
      LOCKSTEP,
      'Server-b cannot start on office: The directory',
    ],
  ])('says what to do %s', async (_case, other, remote, message) => {
    fs.mkdirSync(a);
    const { code, stderr } = await run(
      'lockstep',
      ['up', a, other, '--ssh', fakeSsh().command, '--remote', remote],
      env,
    );
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  it('says that there is no ssh', async () => {
    fs.mkdirSync(a);
    const { code, stderr } = await run('lockstep', ['up', a, 'office:x', '--ssh', 'no-such-ssh'], env);
    expect([code, stderr]).toEqual([2, expect.stringContaining('There is no program no-such-ssh on this machine.')]);
  });
});
