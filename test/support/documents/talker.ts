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
  /** Resolves when it has printed what it prints at first, or has ended. */
  ready(): Promise<unknown>;
  stop(): Promise<unknown>;
}

/** A server in the process of the test; its events are printed as the program prints them. */
export class TalkingServer implements Talker {
  readonly server: ServerHere;
  readonly #program: 'server-a' | 'server-b';

  constructor(program: 'server-a' | 'server-b', args: readonly string[], env: NodeJS.ProcessEnv) {
    this.#program = program;
    this.server = new ServerHere(program, args, env);
  }

  get ended(): Promise<number | null> {
    return this.server.ended;
  }

  get text(): string {
    const colors = colorsFor(false);
    const lines = this.server.said.map((said) => {
      const { time, ...event } = said as unknown as { time: string };
      return `${eventText(event as unknown as SyncEvent, new Date(time), colors)}\n`;
    });
    return lines.join('') + this.server.stderr;
  }

  /** @returns the port, null where it could not start. */
  port(): Promise<number | null> {
    const listening = this.server.wait('listening').then(({ port }) => port as number);
    return Promise.race([listening, this.ended.then(() => null)]);
  }

  ready(): Promise<unknown> {
    return this.server.wait(this.#program === 'server-a' ? 'in-sync' : 'scan-finished');
  }

  stop(): Promise<unknown> {
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

  ready(): Promise<unknown> {
    return until(
      () => this.text.includes('\n'),
      () => this.text,
    );
  }

  async stop(): Promise<unknown> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) process.kill(-this.#child.pid!, 'SIGTERM');
    return this.ended;
  }
}
