// Real programs for journeys: both servers on temporary roots and ports of their own, and the client. Whatever a test
// waits for is an event that a server says or a file that appears; whatever was started is ended by its own id.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Whose programs run: this checkout's, or a built copy of it that nobody rebuilds during a long run. */
export const project = process.env.LOCKSTEP_TEST_PROJECT ?? fileURLToPath(new URL('../../', import.meta.url));
const WAIT_MS = 20_000;

/** An event as a server said it. */
export type Said = Record<string, unknown> & { event: string };

/** A server process, with everything it has said. */
export class ServerProcess {
  readonly said: Said[] = [];
  stderr = '';
  readonly ended: Promise<number | null>;
  private readonly child: ChildProcess;
  private listeners: (() => void)[] = [];

  /** @param under a program with its arguments that runs the server (`faketime -f +1h`); it must become the server itself. */
  constructor(
    program: 'server-a' | 'server-b',
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    under: readonly string[] = [],
  ) {
    const [command, ...more] = [...under, path.join(project, 'bin', program), '--log', 'json', ...args];
    this.child = spawn(command!, more, {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let rest = '';
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() as string;
      for (const line of lines) this.said.push(JSON.parse(line) as Said);
      for (const listener of this.listeners) listener();
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.ended = new Promise((resolve) =>
      this.child.on('close', (code) => {
        resolve(code);
        for (const listener of this.listeners) listener();
      }),
    );
  }

  /** Waits for an event, said already (from `since` on) or still to come. */
  async wait(want: string | ((said: Said) => boolean), since = 0): Promise<Said> {
    const test = typeof want === 'string' ? (said: Said) => said.event === want : want;
    let at = since;
    return until(
      () => {
        while (at < this.said.length) if (test(this.said[at++]!)) return this.said[at - 1];
        return undefined;
      },
      () => `${String(want)}; stderr: ${this.stderr}; last: ${JSON.stringify(this.said.slice(-3))}`,
      (listener) => {
        this.listeners.push(listener);
      },
    );
  }

  get pid(): number {
    return this.child.pid!;
  }

  kill(signal: NodeJS.Signals): void {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
  }

  /** @returns the exit code after a polite request. */
  async stop(): Promise<number | null> {
    this.kill('SIGTERM');
    return this.ended;
  }

  /** kill -9, and wait until it is gone. */
  async crash(): Promise<void> {
    this.kill('SIGKILL');
    await this.ended;
  }
}

/** What a client run gave. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Two roots, two servers, any number of clients. */
export class PairOfPrograms {
  readonly directory = fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-e2e-'));
  readonly a = path.join(this.directory, 'a');
  readonly b = path.join(this.directory, 'b');
  readonly env: NodeJS.ProcessEnv;
  serverA!: ServerProcess;
  serverB!: ServerProcess;
  portA = 0;
  portB = 0;
  /** What server-b is run by. */
  under: readonly string[] = [];

  constructor() {
    fs.mkdirSync(this.a);
    fs.mkdirSync(this.b);
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith('LOCKSTEP_'));
    this.env = { ...Object.fromEntries(own), XDG_STATE_HOME: path.join(this.directory, 'state'), NO_COLOR: '1' };
  }

  async startB(...args: string[]): Promise<void> {
    const own = ['--dir', this.b, '--port', String(this.portB)];
    this.serverB = new ServerProcess('server-b', [...own, ...args], this.env, this.under);
    this.portB = (await this.serverB.wait('listening')).port as number;
  }

  async startA(...args: string[]): Promise<void> {
    const peer = ['--peer', `127.0.0.1:${this.portB}`];
    this.serverA = new ServerProcess(
      'server-a',
      ['--dir', this.a, '--port', String(this.portA), ...peer, ...args],
      this.env,
    );
    this.portA = (await this.serverA.wait('listening')).port as number;
  }

  async start(): Promise<void> {
    await this.startB();
    await this.startA();
    await this.serverA.wait('in-sync');
  }

  client(...args: string[]): Promise<Ran> {
    return run('client', ['--server', `127.0.0.1:${this.portA}`, ...args], this.env);
  }

  async json<T>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.client('--json', ...args);
    if (code !== 0) throw new Error(`client ${args.join(' ')} exited ${code}: ${stdout} ${stderr}`);
    return JSON.parse(stdout) as T;
  }

  async flush(): Promise<void> {
    await this.json('flush', '--timeout', '30s');
  }

  async close(): Promise<void> {
    await Promise.all([this.serverA?.crash(), this.serverB?.crash()]);
    if (!this.directory.startsWith(os.tmpdir())) throw new Error(`${this.directory} is not temporary`);
    fs.rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Runs a program to its end. */
export function run(
  program: 'client' | 'server-a' | 'server-b',
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  input = '',
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      path.join(project, 'bin', program),
      args,
      { env, maxBuffer: 1 << 28 },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, stdout, stderr }),
    );
    child.stdin?.end(input);
  });
}

/** Writes a file so that it appears whole, in one step. */
export function putWhole(root: string, name: string, content: string | Buffer): void {
  const target = path.join(root, name);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  const beside = path.join(path.dirname(root), `put-${process.pid}-${Math.random()}`);
  fs.writeFileSync(beside, content);
  fs.renameSync(beside, target);
}

/** @returns the text of a file, null where there is none. */
export function textOf(root: string, name: string): string | null {
  try {
    return fs.readFileSync(path.join(root, name), 'utf8');
  } catch {
    return null;
  }
}

/** Waits until `test` gives something, asked again at every event of `subscribe` and at short intervals. */
export async function until<T>(
  test: () => T | undefined | false | null | Promise<T | undefined | false | null>,
  what: () => string = () => 'condition',
  subscribe: (listener: () => void) => void = () => {},
): Promise<T> {
  const end = Date.now() + WAIT_MS;
  let wake: () => void = () => {};
  subscribe(() => wake());
  for (;;) {
    const value = await test();
    if (value !== undefined && value !== false && value !== null) return value;
    if (Date.now() > end) throw new Error(`not met in ${WAIT_MS} ms: ${what()}`);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 5);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Everything below `root` that is synchronised, as text: what must be equal on both sides. */
export function treeOf(root: string): Record<string, string> {
  const tree: Record<string, string> = {};
  const walk = (at: string) => {
    for (const name of fs.readdirSync(path.join(root, at)).sort()) {
      if (name === '.lockstep') continue;
      const below = path.join(at, name);
      const stats = fs.lstatSync(path.join(root, below));
      if (stats.isSymbolicLink()) tree[below] = `-> ${fs.readlinkSync(path.join(root, below))}`;
      else if (stats.isDirectory()) {
        tree[below] = `dir ${(stats.mode & 0o777).toString(8)}`;
        walk(below);
      } else {
        const bytes = fs.readFileSync(path.join(root, below));
        const content = bytes.length < 80 ? bytes.toString('base64') : createHash('sha1').update(bytes).digest('hex');
        tree[below] =
          `${(stats.mode & 0o777).toString(8)} ${stats.size} ${Math.round(stats.mtimeMs * 1000)} ${content}`;
      }
    }
  };
  walk('');
  return tree;
}
