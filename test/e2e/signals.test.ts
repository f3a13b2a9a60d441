// What ends a server and what does not, and what its log looks like where nobody looks: the real program with and without
// a terminal.
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { project, until } from '../support/programs.js';
import { noTerminal, TerminalProgram } from '../support/terminal.js';
import { makeRoot, removeRoot } from '../support/trees.js';

let root: string;
let child: ChildProcess | null;
let said: string;

beforeEach(() => {
  root = makeRoot('signals');
  child = null;
  said = '';
});
afterEach(() => {
  child?.kill('SIGKILL');
  removeRoot(root);
});

const TIMEOUT = { timeout: 60_000 };

function start(program: 'server-a' | 'server-b', ...args: string[]): Promise<number | null> {
  const line = ['--dir', root, '--port', '0', ...args];
  child = spawn(path.join(project, 'bin', program), line, { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  return new Promise((resolve) => child!.on('close', resolve));
}

const says = (words: string | RegExp) =>
  until(
    () => (typeof words === 'string' ? said.includes(words) : words.test(said)),
    () => said,
  );

test.each(['server-a', 'server-b'] as const)(
  '%s without a terminal ignores a hangup, and says so once',
  TIMEOUT,
  async (program) => {
    const ended = start(program);
    await says('scanned');
    child!.kill('SIGHUP');
    await says('SIGHUP');
    child!.kill('SIGHUP');
    child!.kill('SIGHUP');
    fs.writeFileSync(path.join(root, 'x'), 'x');
    child!.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(said.match(/SIGHUP/g)).toHaveLength(1);
    expect(said).toMatch(
      / {2}warning {2}A hangup \(SIGHUP\) is ignored, as there is no terminal\. SIGTERM ends the server\.\n/,
    );
  },
);

test('every line has the date in front where stdout is no terminal', TIMEOUT, async () => {
  const ended = start('server-a', '--verbose');
  await says('scanned');
  child!.kill('SIGHUP');
  await says('SIGHUP');
  child!.kill('SIGTERM');
  await ended;
  for (const line of said.trim().split('\n')) expect(line).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} {2}\S/);
});

test.each(['server-a', 'server-b'] as const)(
  'the command of --on-event runs for the events of %s',
  TIMEOUT,
  async (program) => {
    const out = `${root}.out`;
    const ended = start(program, '--log', 'json', '--on-event', `cat >> '${out}'`);
    await says('scan-finished');
    const got = () => (fs.existsSync(out) ? fs.readFileSync(out, 'utf8').split('\n').slice(0, -1) : []);
    await until(() => got().length >= 3);
    child!.kill('SIGTERM');
    expect(await ended).toBe(0);
    const lines = got();
    fs.rmSync(out);
    // Four at once may end in any order.
    expect(lines.sort()).toEqual(expect.arrayContaining(said.trim().split('\n').slice(0, 3)));
    expect(lines.map((line) => JSON.parse(line).event)).toEqual(expect.arrayContaining(['listening', 'scan-finished']));
  },
);

test.skipIf(noTerminal !== null)('a hangup of its terminal ends a server in good order', TIMEOUT, async () => {
  const terminal = new TerminalProgram([path.join(project, 'bin/server-b'), '--dir', root, '--port', '0'], {
    ...process.env,
    NO_COLOR: '1',
  });
  await terminal.sees('scanned');
  expect(terminal.text).toMatch(/(^|\n)\d\d:\d\d:\d\d\.\d{3} {2}listening/);
  const occupant = path.join(root, '.lockstep/server.json');
  const { pid } = JSON.parse(fs.readFileSync(occupant, 'utf8')) as { pid: number };
  // Who makes the terminal goes, so the system hangs it up.
  terminal.hangUp();
  await until(() => !fs.existsSync(occupant));
  await until(() => !lives(pid));
});

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
