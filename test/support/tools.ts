// What this machine can do: tests that need more than Node skip with a word that says what is missing.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

const works = (program: string, ...args: string[]): boolean =>
  spawnSync(program, args, { stdio: 'ignore', timeout: 10_000 }).status === 0;

function canMount(): boolean {
  const at = fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-mount-'));
  try {
    return works('mount', '-t', 'tmpfs', 'none', at) && works('umount', at);
  } finally {
    fs.rmdirSync(at);
  }
}

/** Each tool: whether it works here, and what is said where it does not. */
const TOOLS = {
  strace: [() => works('strace', '-qq', '-o', '/dev/null', 'true'), 'strace cannot be used here'],
  faketime: [() => works('faketime', '2001-01-01', 'true'), 'faketime is not installed'],
  namespaces: [() => works('unshare', '-Urm', 'mount', '-t', 'tmpfs', 'none', '/mnt'), 'unshare -Urm fails'],
  mounts: [canMount, 'only the superuser can mount'],
  nobody: [
    () => works('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'true'),
    'only the superuser can become somebody else',
  ],
  emacs: [() => works('emacs', '--version'), 'emacs is not installed'],
  libreOffice: [() => works('soffice', '--version'), 'LibreOffice is not installed'],
  vim: [() => works('vim.tiny', '--version'), 'vim.tiny is not installed'],
} as const satisfies Record<string, readonly [isThere: () => boolean, why: string]>;
type Tool = keyof typeof TOOLS;

/** Each tool, and why it is missing; '' where it works. A tool is tried when somebody asks, once. */
export const missing = Object.defineProperties({} as Readonly<Record<Tool, string>>, {
  ...Object.fromEntries(
    Object.entries(TOOLS).map(([tool, [isThere, why]]) => {
      let said: string | undefined;
      const get = (): string => {
        if (said === undefined) said = isThere() ? '' : ` (skipped: ${why})`;
        return said;
      };
      return [tool, { get }];
    }),
  ),
});

/** @returns the command that runs a program under another clock, as `faketime -f` takes it, and becomes that program. */
export function underClock(clock: string): string[] {
  const { stdout } = spawnSync('faketime', ['-f', '+1h', 'printenv', 'LD_PRELOAD'], { encoding: 'utf8' });
  return ['env', `LD_PRELOAD=${stdout.trim()}`, `FAKETIME=${clock}`, 'FAKETIME_DONT_FAKE_MONOTONIC=1'];
}

/** @returns whether process `pid` is over, if only waiting to be reaped by who traces it. */
export function isOver(pid: number): boolean {
  try {
    return /\) [ZX] /.test(fs.readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}

/** An strace that is attached to a process. */
export interface Strace {
  /** Lets go of the process. */
  detach(): Promise<void>;
}

/** Attaches to process `pid` and injects a fault. @param inject as strace's `-e inject=` takes it. */
export async function attach(pid: number, calls: string, inject: string): Promise<Strace> {
  const args = ['-f', '-p', String(pid), '-o', '/dev/null', '-e', `trace=${calls}`];
  const child = spawn('strace', [...args, '-e', `inject=${calls}:${inject}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const lines = createInterface({ input: child.stderr! });
  await new Promise<void>((resolve, reject) => {
    const said: string[] = [];
    lines.on('line', (line) => {
      said.push(line);
      if (line.includes('attached')) resolve();
    });
    void ended.then(() => reject(new Error(`strace ended: ${said.join(' ')}`)));
  });
  return {
    // strace, met by its own end of the process, sometimes waits for ever; then only this ends it.
    detach: async () => {
      child.kill('SIGINT');
      const hard = setTimeout(() => child.kill('SIGKILL'), 500);
      await ended;
      clearTimeout(hard);
    },
  };
}
