// A program on a terminal of its own: util-linux's `script` makes the pseudo-terminal, keys go in, and what the program
// has written comes out. What is waited for is text that appears.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { until } from './programs.js';

/** Why programs cannot be driven on a terminal here; null where they can. */
export const noTerminal: string | null =
  spawnSync('script', ['-qec', 'stty size', '/dev/null'], { encoding: 'utf8' }).status === 0
    ? null
    : 'no script of util-linux';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export class TerminalProgram {
  /** Everything that was written on the terminal. */
  text = '';
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  #listeners: (() => void)[] = [];

  constructor(words: readonly string[], env: NodeJS.ProcessEnv, { columns, rows }: Size = { columns: 80, rows: 24 }) {
    const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    const line = `stty rows ${rows} cols ${columns}; exec ${quoted}`;
    this.#child = spawn('script', ['-qec', line, '/dev/null'], { env: { ...env, TERM: 'xterm', SHELL: '/bin/sh' } });
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.text += text;
      this.#call();
    });
    this.ended = new Promise((resolve) =>
      this.#child.on('close', (code) => {
        resolve(code);
        this.#call();
      }),
    );
  }

  /** Types keys. */
  type(keys: string): void {
    this.#child.stdin!.write(keys);
  }

  /** Waits for text that was written after `from`; @returns where it ends. */
  async sees(text: string, from = 0): Promise<number> {
    return until(
      () => {
        const at = this.text.indexOf(text, from);
        return at < 0 ? undefined : at + text.length;
      },
      () => `${JSON.stringify(text)} in ${JSON.stringify(this.text.slice(-2000))}`,
      (listener) => void this.#listeners.push(listener),
    );
  }

  /** Takes the terminal away: what runs on it gets a hangup. */
  hangUp(): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
  }

  /** Ends everything that runs on the terminal: a shell that loses it may turn round and round instead of ending. */
  end(): void {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    for (const pid of onTerminalOf(this.#child.pid!)) killQuietly(pid);
    this.hangUp();
  }

  #call(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** @returns the processes of the sessions that `script` has begun; none where the system has no /proc. */
function onTerminalOf(script: number): number[] {
  const processes = fs.existsSync('/proc/self/stat') ? fs.readdirSync('/proc').flatMap(processOf) : [];
  const sessions = new Set(processes.filter(({ parent }) => parent === script).map(({ session }) => session));
  return processes.filter(({ pid, session }) => pid !== script && sessions.has(session)).map(({ pid }) => pid);
}

function processOf(pid: string): { readonly pid: number; readonly parent: number; readonly session: number }[] {
  if (!/^\d+$/.test(pid)) return [];
  try {
    // The name in brackets may have blanks and brackets itself.
    const [, parent, , session] = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    return [{ pid: Number(pid), parent: Number(parent), session: Number(session) }];
  } catch {
    return [];
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
