// The real programs on two roots, and a wire between them that counts.
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { type Place, settle } from './place.js';

/** Whose programs run: this checkout's, or a built copy of it that nobody rebuilds meanwhile. */
const project = process.env.LOCKSTEP_TEST_PROJECT ?? process.cwd();
const WAIT_MS = 120_000;

export type Said = Record<string, unknown> & { readonly event: string; readonly at: number };

/** A server process. */
class Server {
  readonly said: Said[] = [];
  readonly #child: ChildProcess;
  #listeners: (() => void)[] = [];

  constructor(program: 'server-a' | 'server-b', args: readonly string[]) {
    const command = [path.join(project, 'bin', program), '--log', 'json', ...args];
    this.#child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] });
    let rest = '';
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() as string;
      for (const line of lines) this.said.push({ ...JSON.parse(line), at: performance.now() });
      for (const listener of this.#listeners) listener();
    });
  }

  /** Waits for an event from the `since`-th on. */
  wait(test: (said: Said) => boolean, since = 0): Promise<Said> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('a server did not say what was waited for')), WAIT_MS);
      const look = () => {
        const found = this.said.slice(since).find(test);
        if (found === undefined) return;
        clearTimeout(timer);
        this.#listeners = this.#listeners.filter((listener) => listener !== look);
        resolve(found);
      };
      this.#listeners.push(look);
      look();
    });
  }

  /** @returns what it took of memory at most, MiB. */
  get peak(): number {
    const status = fs.readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.on('close', resolve));
    this.#child.kill('SIGTERM');
    await ended;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Both servers. */
export class Pair {
  readonly #place: Place;

  readonly a: string;
  readonly b: string;
  /** Bytes that went over the wire, either way. */
  carried = 0;
  serverA!: Server;
  serverB!: Server;
  portA = 0;

  private constructor(place: Place) {
    this.#place = place;

    this.a = place.fresh('a');
    this.b = place.fresh('b');
  }

  /**
   * Starts both on empty roots.
   * @param counted whether what crosses is to be counted, which slows down what crosses much.
   */
  static async start(place: Place, counted = false): Promise<Pair> {
    const pair = new Pair(place);
    pair.serverB = pair.#launch('server-b', ['--dir', pair.b, '--port', '0']);
    let port = (await pair.serverB.wait(({ event }) => event === 'listening')).port as number;
    if (counted) port = await pair.#count(port);
    pair.serverA = pair.#launch('server-a', ['--dir', pair.a, '--port', '0', '--peer', `127.0.0.1:${port}`]);
    pair.portA = (await pair.serverA.wait(({ event }) => event === 'listening')).port as number;
    await pair.serverA.wait(({ event }) => event === 'in-sync');
    return pair;
  }

  /** Moves `file` to `name` in side a. @returns milliseconds until side b has it. */
  async put(file: string, name: string): Promise<number> {
    settle();
    const since = this.serverA.said.length;
    const begun = performance.now();
    fs.renameSync(file, path.join(this.a, name));
    const { at } = await this.serverA.wait(({ event, path: of }) => event === 'synced' && of === name, since);
    return at - begun;
  }

  async stop(): Promise<void> {
    await Promise.all([this.serverA.stop(), this.serverB.stop()]);
  }

  #launch(program: 'server-a' | 'server-b', args: readonly string[]): Server {
    const server = new Server(program, args);
    this.#place.onClose(() => server.kill());
    return server;
  }

  #count(to: number): Promise<number> {
    const server = net.createServer((near) => {
      const far = net.connect({ host: '127.0.0.1', port: to });
      for (const [from, into] of [
        [near, far],
        [far, near],
      ] as const) {
        from.on('data', (data: Buffer) => {
          this.carried += data.length;
        });
        from.on('error', () => into.destroy());
        from.pipe(into);
      }
    });
    this.#place.onClose(() => server.close().unref());
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port));
    });
  }
}
