// Somebody who goes on talking: a server, or a client that runs in the background. What it has printed is awaited line by
// line, in no order: two programs talk at the same time.
import { type ChildProcess, spawn } from 'node:child_process';
import { colorsFor } from '../../../src/cli/render/colors.js';
import { eventText } from '../../../src/cli/render/event.js';
import type { SyncEvent } from '../../../src/core/events.js';
import { until } from '../sayings.js';
import { ServerHere } from '../server-here.js';

export interface Talker {
  /** Everything that was printed. */
  readonly text: string;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
  stop(): Promise<unknown>;
}

/** What a server says with `--quiet`. */
const SAID_QUIETLY: ReadonlySet<string> = new Set(['problem', 'halted', 'conflict']);

/** How a meeting of the two servers ends. */
const AGREED: readonly string[] = ['in-sync', 'halted'];

/** A server in the process of the test; its events are printed as the program prints them. */
export class TalkingServer implements Talker {
  readonly server: ServerHere;
  isStopped = false;
  readonly #program: 'server-a' | 'server-b';
  readonly #isQuiet: boolean;
  readonly #isJson: boolean;

  constructor(program: 'server-a' | 'server-b', args: readonly string[], env: NodeJS.ProcessEnv) {
    this.#program = program;
    this.#isQuiet = args.includes('--quiet');
    this.#isJson = args.join(' ').includes('--log json');
    this.server = new ServerHere(program, args, env);
  }

  get ended(): Promise<number | null> {
    return this.server.ended;
  }

  get text(): string {
    const colors = colorsFor(false);
    const said = this.server.said.filter(({ event }) => !this.#isQuiet || SAID_QUIETLY.has(event));
    if (this.#isJson) return said.map((one) => `${JSON.stringify(one)}\n`).join('');
    const lines = said.map((one) => {
      const { time, ...event } = one as unknown as { time: string };
      return `${eventText(event as unknown as SyncEvent, new Date(time), colors)}\n`;
    });
    return lines.join('') + this.server.stderr;
  }

  /** @returns the port, null where it could not start. */
  port(): Promise<number | null> {
    const listening = this.server.wait('listening').then(({ port }) => port as number);
    return Promise.race([listening, this.ended.then(() => null)]);
  }

  /** @param peer whether the other server runs. */
  ready(peer = false): Promise<unknown> {
    const end = this.#program === 'server-a' && peer ? AGREED : 'scan-finished';
    return this.server.wait(({ event }) => end.includes(event));
  }

  /** Resolves when both sides have met again after now. */
  agreed(): Promise<unknown> {
    return this.server.wait(({ event }) => AGREED.includes(event), this.server.said.length);
  }

  stop(): Promise<unknown> {
    this.isStopped = true;
    return this.server.stop();
  }
}

/** A line of the shell in a process of its own, which leads a group so that all of it can be ended. */
export class TalkingCommand implements Talker {
  text = '';
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;

  constructor(command: string, cwd: string, env: NodeJS.ProcessEnv) {
    this.#child = spawn('bash', ['-c', `exec 2>&1\n${command}`], { cwd, env, detached: true, stdio: 'pipe' });
    this.#child.stdin!.end();
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.text += text;
    });
    this.ended = new Promise((resolve) => this.#child.on('close', resolve));
  }

  /** @param cause makes it print something. */
  ready(cause: () => Promise<void> = async () => {}): Promise<unknown> {
    return until(
      async () => {
        await cause();
        return this.text.includes('\n');
      },
      () => this.text,
    );
  }

  async stop(): Promise<unknown> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) process.kill(-this.#child.pid!, 'SIGTERM');
    return this.ended;
  }
}
