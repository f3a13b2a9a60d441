// `lockstep doctor` by the real program: beside running servers, without any, on what is wrong; and it changes nothing.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Finding } from '../../src/cli/doctor/finding.js';
import { project, run, ServerProcess } from '../support/programs.js';
import { some } from '../support/sizes.js';

let directory: string;
let a: string;
let b: string;
let env: NodeJS.ProcessEnv;

beforeEach(() => {
  directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-doctor-')));
  [a, b] = [path.join(directory, 'a'), path.join(directory, 'b')];
  for (const root of [a, b]) fs.mkdirSync(root);
  const own = Object.entries(process.env).filter(([name]) => !/^(LOCKSTEP|npm)_/.test(name));
  const xdg = { XDG_STATE_HOME: path.join(directory, 'state'), XDG_CONFIG_HOME: path.join(directory, 'config') };
  env = { ...Object.fromEntries(own), ...xdg, NO_COLOR: '1' };
  onTestFinished(() => fs.rmSync(directory, { recursive: true, force: true }));
});

interface Answer {
  readonly code: number;
  readonly wrong: number;
  readonly checks: readonly Finding[];
}

async function doctor(...words: string[]): Promise<Answer> {
  const { code, stdout } = await run('lockstep', ['doctor', '--json', ...words], env, '', directory);
  return { code, ...(JSON.parse(stdout) as Omit<Answer, 'code'>) };
}

const said = ({ checks }: Answer, check: Finding['check']) =>
  checks.filter((one) => one.check === check).map(({ level, message }) => `${level} ${message}`);

/** Every name below the directory of the test, with its kind, mode, times and content. */
function everything(): string[] {
  return fs
    .readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const stats = fs.lstatSync(path.join(directory, name), { bigint: true });
      const content = stats.isFile() ? fs.readFileSync(path.join(directory, name), 'latin1') : '';
      return `${name} ${stats.ino} ${stats.mode} ${stats.mtimeNs} ${stats.ctimeNs} ${content}`;
    });
}

describe('lockstep doctor', () => {
  it('finds nothing wrong with a pair that runs, and with one that has ended', async () => {
    fs.writeFileSync(path.join(a, 'one.txt'), 'one');
    const pair = new ServerProcess('lockstep', ['up', '--name', 'art', a, b], env);
    onTestFinished(async () => void (await pair.stop()));
    const { address } = await pair.wait('ready');
    const running = await doctor('--pair', 'art');
    expect([running.code, running.wrong]).toEqual([0, 0]);
    expect(said(running, 'server')).toContain(`ok Server-a at ${address} (this is side a): In sync.`);
    expect(said(running, 'clock')).toEqual([expect.stringMatching(/^ok The clocks of the two sides agree/)]);
    expect(said(running, 'state')).toEqual([a, b].map((root) => `ok "${root}/.lockstep" is whole.`));
    await pair.stop();
    const before = everything();
    const ended = await doctor();
    expect(everything()).toEqual(before);
    expect([ended.code, ended.wrong]).toEqual([0, 0]);
    expect(said(ended, 'server')).toEqual([a, b].map((root) => `ok No server runs on "${root}".`));
  });

  it('changes nothing where nothing has been synchronised yet', async () => {
    fs.writeFileSync(path.join(a, 'one.txt'), 'one');
    const before = everything();
    const { code } = await run('lockstep', ['doctor', a, b], env);
    expect(code).toBe(0);
    expect(everything()).toEqual(before);
  });

  it('says what is wrong and what to type, one line each', async () => {
    const secret = path.join(directory, 'secret');
    fs.writeFileSync(secret, `${'ab'.repeat(32)}\n`, { mode: 0o644 });
    fs.chmodSync(secret, 0o644);
    fs.mkdirSync(path.join(a, '.lockstep'), { mode: 0o700 });
    fs.writeFileSync(path.join(a, '.lockstep', 'archive.log'), 'nonsense');
    fs.writeFileSync(path.join(a, 'plan.odt'), '');
    fs.writeFileSync(path.join(a, '.~lock.plan.odt#'), 'anna,anna,desk,01.12.2026 10:00,file:///x;');
    fs.utimesSync(path.join(a, '.~lock.plan.odt#'), 1, 1);
    const { code, stdout } = await run('lockstep', ['doctor', a, '--secret-file', secret, `${b}/no`], env);
    expect(code).toBe(1);
    const lines = stdout.split('\n');
    const line = (level: string, words: RegExp) => lines.filter((one) => one.startsWith(level) && words.test(one));
    expect(line('wrong', /mode 0644\)\. .*chmod 600/)).toHaveLength(1);
    expect(line('wrong', /archive\.log is of another version/)).toHaveLength(1);
    expect(line('wrong', /b\/no" cannot be synchronised: it does not exist\. Create it with mkdir -p/)).toHaveLength(1);
    expect(line('warn', /says that "anna" has "plan\.odt" open in LibreOffice, but .* Remove it: rm/)).toHaveLength(1);
    expect(stdout).toMatch(/\n3 wrong, \d to look at\.\n$/);
  });

  it.runIf(process.getuid?.() === 0)('says whose a directory is that another user looks at (needs root)', async () => {
    fs.mkdirSync(path.join(a, '.lockstep'), { mode: 0o700 });
    for (const one of [directory, a]) fs.chmodSync(one, 0o755);
    const { stdout, status } = spawnSync(path.join(project, 'bin', 'lockstep'), ['doctor', a], {
      ...{ env: { ...env, HOME: directory }, encoding: 'utf8', uid: 65_534, gid: 65_534 },
    });
    expect(status).toBe(1);
    expect(stdout).toContain(`wrong  "${a}" cannot be written by you. Give yourself access with: chmod u+rwx ${a}`);
    expect(stdout).toContain(`wrong  "${a}/.lockstep" cannot be read: permission denied.`);
  });

  const refusals: [words: string[], message: string][] = [
    [['--pair', 'no'], 'There is no pair no.'],
    [['--nonsense'], "Unknown option '--nonsense'."],
    [['--pair', 'no', 'x'], '--pair and directories both say where to look.'],
  ];
  // cli/doctor/checks has the messages of the others.
  it.each(some(refusals, 1))('refuses %j', async (words, message) => {
    const { code, stderr } = await run('lockstep', ['doctor', ...words], env);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});
