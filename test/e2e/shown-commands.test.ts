// Commands of the documents that go on until somebody ends them, or print something else each time: they are run as they
// stand there, by bash, and what they are for is looked at. What is only shown is in documents.test.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { portToKeep } from '../support/ports.js';
import { project, textOf, until } from '../support/programs.js';

const lacks = ['bash', 'curl', 'jq', 'openssl'].find((name) => spawnSync(name, ['--version']).error !== undefined);
const title = `the documents' commands${lacks === undefined ? '' : ` (skipped: ${lacks} is not installed)`}`;

let home: string;
let env: NodeJS.ProcessEnv;
let ports: { a: number; b: number };

beforeEach(async () => {
  home = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-shown-')));
  onTestFinished(() => fs.rmSync(home, { recursive: true, force: true, maxRetries: 3 }));
  ports = { a: await portToKeep(), b: await portToKeep() };
  const own = Object.entries(process.env).filter(([name]) => !/^(?:LOCKSTEP|XDG|npm)_/.test(name));
  env = {
    ...Object.fromEntries(own),
    ...{ HOME: home, PATH: `${path.join(project, 'bin')}:${process.env.PATH}`, NO_COLOR: '1' },
    ...{ LOCKSTEP_A_PORT: String(ports.a), LOCKSTEP_B_PORT: String(ports.b) },
    ...{ LOCKSTEP_A_PEER: `127.0.0.1:${ports.b}`, LOCKSTEP_SERVER: `127.0.0.1:${ports.a}` },
  };
  for (const name of ['directory_a/docs', 'directory_b', 'drawings'])
    fs.mkdirSync(path.join(home, name), { recursive: true });
  fs.writeFileSync(path.join(home, 'directory_a/docs/plan.txt'), 'the plan');
});

/** @returns the commands of the block of a document that has `part` in it. */
function shown(document: string, part: string): string[] {
  const text = fs.readFileSync(path.join(project, 'docs', document), 'utf8');
  const blocks = [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].filter(([, , body]) => body!.includes(part));
  if (blocks.length !== 1) throw new Error(`${document} has ${blocks.length} blocks with ${part}`);
  const [, kind, body] = blocks[0]!;
  const lines = body!.trimEnd().split('\n');
  return kind === 'console'
    ? lines.filter((line) => line.startsWith('$ ')).map((line) => line.slice(2))
    : [lines.join('\n')];
}

interface Typed {
  readonly child: ChildProcess;
  readonly text: () => string;
}

/** Starts what goes on, in a group of its own, which ends with the test. */
function begin(line: string, cwd = home): Typed {
  const child = spawn('bash', ['-c', line], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  const ended = new Promise((resolve) => child.once('close', resolve));
  onTestFinished(async () => {
    try {
      process.kill(-child.pid!, 'SIGTERM');
    } catch {
      return; // it has ended
    }
    await ended;
  });
  return { child, text: () => text };
}

/** Runs lines in one shell to their end. @returns what they printed. */
async function run(lines: readonly string[], cwd = home): Promise<string> {
  const { child, text } = begin(`set -e\n${lines.join('\n')}`, cwd);
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`exit code ${code}: ${text()}`);
  return text();
}

const says = (typed: Typed, words: string): Promise<true> =>
  until(
    () => typed.text().includes(words) || null,
    () => `"${words}" in: ${typed.text()}`,
  );

async function pair(...options: string[]): Promise<void> {
  begin('exec server-b');
  await says(begin(`exec server-a ${options.join(' ')}`), 'in sync');
}

describe.skipIf(lacks !== undefined)(title, () => {
  it('http.md: sign in, ask, download, upload and listen by curl', async () => {
    await pair('--web', '0');
    const lines = shown('http.md', 'ADDRESS=$(client web)');
    const listening = lines.pop()!;
    expect(listening).toMatch(/curl .* -N .*events$/);
    const answers = await run([...lines, 'cat plan.txt', 'echo "$URL" > url']);
    expect(answers).toContain('"state":"in-sync"');
    expect(answers).toContain('the plan');
    const events = begin(`URL=$(cat url); exec ${listening}`);
    await until(async () => {
      fs.writeFileSync(path.join(home, 'directory_b', 'more.txt'), String(Date.now()));
      await run(['client flush']);
      return events.text().includes('"synced"');
    });
  });

  it('http.md: the metrics for a token of its own', async () => {
    const [make, serve] = shown('http.md', '--metrics-token-file metrics.token') as [string, string];
    await run([make]);
    const server = begin(serve.replace(' 8082 ', ' 0 '));
    await says(server, 'page http');
    const [, url] = /page (\S+\/)/.exec(server.text())!;
    const asked = await run([`curl -sf -H "Authorization: Bearer $(cat metrics.token)" ${url}metrics`]);
    expect(asked).toContain('lockstep_peer_connected 0');
  });

  it('lockstep.md: two directories, and the pair found from inside one', async () => {
    delete env.LOCKSTEP_SERVER;
    for (const name of ['art', 'nas/art/plans']) fs.mkdirSync(path.join(home, name), { recursive: true });
    fs.writeFileSync(path.join(home, 'nas/art/plans/roof.dwg'), 'a roof');
    const [up] = shown('lockstep.md', '$ lockstep up ~/art /mnt/nas/art\n14:') as [string];
    await says(begin(`exec ${up.replace('/mnt/', '~/')}`), '\nready 127.0.0.1:');
    const lines = shown('lockstep.md', '$ lockstep lock plans/roof.dwg').map((line) => line.replace('/mnt/', '~/'));
    const said = await run(lines);
    expect(said).toContain('plans/roof.dwg for ');
    expect(said).toContain('In sync');
    expect(textOf(home, 'art/plans/roof.dwg')).toBe('a roof');
  });

  it('lockstep.md: a pair by its name, to a host', async () => {
    delete env.LOCKSTEP_SERVER;
    fs.mkdirSync(path.join(home, 'art'));
    fs.mkdirSync(path.join(home, 'office', 'art'), { recursive: true });
    const ssh = path.join(home, 'ssh');
    fs.writeFileSync(ssh, `#!/bin/sh\ntest "$1" = office || exit 1\nshift\ncd ~/office && exec sh -c "exec $*"\n`, {
      mode: 0o755,
    });
    env.LOCKSTEP_SSH = ssh;
    const [first, again, ask] = shown('lockstep.md', '$ lockstep up art') as [string, string, string];
    const begun = begin(`exec ${first}`);
    await says(begun, '\nready 127.0.0.1:');
    const ended = new Promise((resolve) => begun.child.once('close', resolve));
    begun.child.kill('SIGTERM');
    await ended;
    await says(begin(`exec ${again}`), '\nready 127.0.0.1:');
    expect(await run([ask])).toContain('In sync');
    expect(textOf(home, '.config/lockstep/config.toml')).toContain('ignore = [ "*.tmp" ]');
  });

  it('recipes.md: nohup keeps a server, several pairs by their ports', async () => {
    const [line] = shown('recipes.md', 'nohup server-b') as [string];
    await run([`${line}\necho $! > pid`]);
    const pid = Number(textOf(home, 'pid'));
    onTestFinished(() => void process.kill(pid, 'SIGTERM'));
    await until(() => textOf(home, 'lockstep-b.log')?.includes('listening'));

    for (const name of ['film', 'mnt/film']) fs.mkdirSync(path.join(home, name), { recursive: true });
    const own = { 9001: await portToKeep(), 9000: await portToKeep() };
    const real = (text: string) =>
      text.replaceAll('9001', String(own[9001])).replaceAll('9000', String(own[9000])).replace('/mnt/', '~/mnt/');
    const [b, a, ask] = shown('recipes.md', 'server-b 9001')[0]!.split('\n').map(real) as [string, string, string];
    for (const name of Object.keys(env)) if (/^LOCKSTEP_/.test(name)) delete env[name];
    fs.writeFileSync(path.join(home, 'film', 'scene.txt'), 'a scene');
    begin(`exec ${b}`);
    await says(begin(`exec ${a}`), 'in sync');
    expect(await run([ask])).toContain('scene.txt');
  });

  it('client.md: a script that misses no event', async () => {
    await pair();
    const [loop] = shown('client.md', 'while sleep 1; do') as [string];
    const script = begin(loop.replace('sleep 1', 'sleep 0.1'));
    await says(script, '"event":"in-sync"');
    fs.writeFileSync(path.join(home, 'directory_a', 'more.txt'), 'more');
    await says(script, '"path":"more.txt"');
  });

  it('servers.md, recipes.md: conflicts are noted by a command and by a script', async () => {
    const [serve] = shown('servers.md', '>> conflicts.txt') as [string];
    begin('exec server-b');
    await says(begin(`exec ${serve}`), 'in sync');
    const [watch] = shown('recipes.md', 'look at \\(.copy)') as [string];
    const script = begin(watch);
    for (let n = 0; !script.text().includes(': look at '); n++) {
      const name = `both-${n}.txt`;
      await run(['client pause']);
      for (const side of ['a', 'b']) fs.writeFileSync(path.join(home, `directory_${side}`, name), side);
      await run(['client resume', 'client flush']);
    }
    await until(() => textOf(home, 'conflicts.txt')?.includes('both-0.txt'));
  });
});
