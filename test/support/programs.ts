// Real programs for journeys: both servers on temporary roots and ports of their own, and the client. Whatever a test
// waits for is an event that a server says or a file that appears; whatever was started is ended by its own id.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Connections } from '../../src/cli/connections.js';
import { Client } from '../../src/client/client.js';
import { isOwnerFileName } from '../../src/core/owner-files/applications.js';
import { run as runLine } from '../cli/fake-context.js';
import { portToKeep } from './ports.js';
import { Sayings } from './sayings.js';
import { type Server, ServerHere } from './server-here.js';

export { type Said, until } from './sayings.js';

/** Whose programs run: this checkout's, or a built copy of it that nobody rebuilds during a long run. */
export const project = process.env.LOCKSTEP_TEST_PROJECT ?? fileURLToPath(new URL('../../', import.meta.url));
/** A start of node costs more than most of what programs are asked: in the short form, only what is tested is started. */
const { LOCKSTEP_TEST_FULL, LOCKSTEP_TEST_HERE, LOCKSTEP_TEST_PROJECT } = process.env;
const short =
  (LOCKSTEP_TEST_FULL === undefined || LOCKSTEP_TEST_HERE !== undefined) && LOCKSTEP_TEST_PROJECT === undefined;

/** A server process, with everything it has said. */
export class ServerProcess extends Sayings implements Server {
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;

  /** @param under a program with its arguments that runs the server (`faketime -f +1h`); it must become the server itself. */
  constructor(
    program: 'server-a' | 'server-b' | 'lockstep',
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    under: readonly string[] = [],
  ) {
    super();
    const [command, ...more] = [...under, path.join(project, 'bin', program), ...args, '--log', 'json'];
    this.#child = spawn(command!, more, {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => this.hear(text));
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.ended = new Promise((resolve) =>
      this.#child.on('close', (code) => {
        resolve(code);
        this.wake();
      }),
    );
  }

  get pid(): number {
    return this.#child.pid!;
  }

  kill(signal: NodeJS.Signals): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal);
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

/** Ends a server at once, as far as it is a process. */
export const end = (server: Server): Promise<unknown> =>
  server instanceof ServerHere ? server.stop() : server.crash();

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
  serverA!: Server;
  serverB!: Server;
  /** Where the servers listen, from the first start on; a test may choose that. */
  portA = 0;
  portB = 0;
  /** What server-b is run by. */
  under: readonly string[] = [];
  /** What server-a is run by. */
  underA: readonly string[] = [];
  #here: boolean;
  /** Whether lines of the client run in this process. */
  #clientHere = short;

  /** @param servers whether they may run in this process, if that is short: they can be stopped then, but not killed. */
  constructor(servers: 'processes' | 'here if short' = 'processes') {
    this.#here = short && servers !== 'processes';
    fs.mkdirSync(this.a);
    fs.mkdirSync(this.b);
    const own = Object.entries(process.env).filter(([name]) => !/^(?:LOCKSTEP|npm)_/.test(name));
    this.env = { ...Object.fromEntries(own), XDG_STATE_HOME: path.join(this.directory, 'state'), NO_COLOR: '1' };
  }

  async startB(...args: string[]): Promise<void> {
    this.portB ||= await portToKeep();
    const own = ['--dir', this.b, '--port', String(this.portB)];
    this.serverB = this.#run('server-b', [...own, ...args]);
    this.portB = (await this.serverB.wait('listening')).port as number;
  }

  async startA(...args: string[]): Promise<void> {
    this.portA ||= await portToKeep();
    const peer = ['--peer', `127.0.0.1:${this.portB}`];
    this.serverA = this.#run('server-a', ['--dir', this.a, '--port', String(this.portA), ...peer, ...args]);
    this.portA = (await this.serverA.wait('listening')).port as number;
  }

  /** Has processes run from now on, because the test is about them. */
  asProcesses(): void {
    this.#here = false;
  }

  /** Has lines of the client run in this process in the long form, too, because the test is about the servers. */
  clientHere(): void {
    this.#clientHere = true;
  }

  #run(program: 'server-a' | 'server-b', args: string[]): Server {
    const under = program === 'server-b' ? this.under : this.underA;
    if (this.#here && under.length === 0) return new ServerHere(program, args, this.env);
    return new ServerProcess(program, args, this.env, under);
  }

  async start(): Promise<void> {
    await this.startB();
    await this.startA();
    await this.serverA.wait('in-sync');
  }

  /** Runs a line of the client: all of it but its process. */
  async client(...args: string[]): Promise<Ran> {
    if (!this.#clientHere) return this.program(...args);
    const connections = new Connections((server, user, trust) => Client.connect({ server, user, ...trust }));
    const connect = connections.get.bind(connections);
    const env = this.env as Record<string, string>;
    const { code, out, err } = await runLine(['--server', `127.0.0.1:${this.portA}`, ...args], { connect, env });
    connections.close();
    return { code, stdout: out, stderr: err };
  }

  /** Runs the client program itself. */
  program(...args: string[]): Promise<Ran> {
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
    await Promise.all([this.serverA, this.serverB].map((server) => server && end(server)));
    if (!this.directory.startsWith(os.tmpdir())) throw new Error(`${this.directory} is not temporary`);
    fs.rmSync(this.directory, { recursive: true, force: true });
  }
}

/** The environment, without what npm sets: programs would say that npx runs them. */
const withoutNpm = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')));

/** Runs a program to its end. */
export function run(
  program: 'client' | 'server-a' | 'server-b' | 'lockstep',
  args: readonly string[],
  env: NodeJS.ProcessEnv = withoutNpm(),
  input = '',
  cwd = process.cwd(),
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      path.join(project, 'bin', program),
      args,
      { env, cwd, maxBuffer: 1 << 28 },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, stdout, stderr }),
    );
    child.stdin?.end(input);
  });
}

/** Runs a server that does not start, in this process in the short form. @returns what it gave in the end. */
export async function refused(
  program: 'server-a' | 'server-b',
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Ran> {
  if (!short) return run(program, args, env);
  const server = new ServerHere(program, args, env);
  const code = await server.ended;
  return { code: code!, stdout: server.said.map(({ event }) => event).join(), stderr: server.stderr };
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

/** @returns a small content itself, of a larger one the hash; a file may have more than fits into one buffer. */
function contentOf(file: string, size: number): string {
  if (size < 80) return fs.readFileSync(file, 'base64');
  const hash = createHash('sha1');
  const piece = Buffer.allocUnsafe(Math.min(size, 1 << 24));
  const fd = fs.openSync(file, 'r');
  for (let bytes = -1; bytes !== 0; ) {
    bytes = fs.readSync(fd, piece, 0, piece.length, null);
    hash.update(piece.subarray(0, bytes));
  }
  fs.closeSync(fd);
  return hash.digest('hex');
}

/** Everything below `root` that is synchronised, as text: what must be equal on both sides. */
export function treeOf(root: string): Record<string, string> {
  const tree: Record<string, string> = {};
  const walk = (at: string) => {
    for (const name of fs.readdirSync(path.join(root, at)).sort()) {
      if (name === '.lockstep' || isOwnerFileName(name)) continue;
      const below = path.join(at, name);
      const stats = fs.lstatSync(path.join(root, below));
      if (stats.isSymbolicLink()) tree[below] = `-> ${fs.readlinkSync(path.join(root, below))}`;
      else if (stats.isDirectory()) {
        tree[below] = `dir ${(stats.mode & 0o777).toString(8)}`;
        walk(below);
      } else {
        const content = contentOf(path.join(root, below), stats.size);
        tree[below] =
          `${(stats.mode & 0o777).toString(8)} ${stats.size} ${Math.round(stats.mtimeMs * 1000)} ${content}`;
      }
    }
  };
  walk('');
  return tree;
}
