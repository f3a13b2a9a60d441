// One process of the command of --on-event. It leads a group of its own, which ends with it: what it has started in the
// background, too.
import { type ChildProcess, spawn } from 'node:child_process';
import type { NumberedEvent } from '../../core/events.js';

/** What is kept of what a command prints, in characters. */
const MAX_PRINTED = 4_096;
/** How long the end of its output is waited for after its end, in milliseconds: a daemon of its may hold it open. */
const OUTPUT_MS = 500;

/** How long a command may take for one event, and from SIGTERM to SIGKILL, in milliseconds. */
export interface EventTimes {
  readonly eachMs: number;
  readonly graceMs: number;
}

const isWindows = process.platform === 'win32';

/** How a command ended. */
export interface HowEnded {
  /** What it did instead of its part; null where it did it. */
  readonly failure: string | null;
  /** The beginning of what it printed. */
  readonly printed: string;
}

export class EventProcess {
  /** Resolves when the command has ended, however. */
  readonly ended: Promise<HowEnded>;
  #child: ChildProcess | null = null;
  #isLate = false;
  #printed = '';

  /** @param command a line for the shell. */
  constructor(command: string, event: NumberedEvent, times: EventTimes) {
    this.ended = this.#run(command, event, times).catch((error: Error) =>
      this.#how(`cannot be started: ${error.message}`),
    );
  }

  /** Kills it, with all that it has started. */
  kill(): void {
    this.#signal('SIGKILL');
  }

  async #run(command: string, event: NumberedEvent, { eachMs, graceMs }: EventTimes): Promise<HowEnded> {
    const child = spawn(command, { shell: true, detached: !isWindows, windowsHide: true, env: environmentOf(event) });
    this.#child = child;
    const timers = [
      setTimeout(() => {
        this.#isLate = true;
        this.#signal('SIGTERM');
      }, eachMs),
      setTimeout(() => this.kill(), eachMs + graceMs),
    ];
    try {
      return this.#how(await this.#over(child, event));
    } finally {
      for (const timer of timers) clearTimeout(timer);
      this.#child = null;
    }
  }

  /** @returns what it did instead of its part. */
  async #over(child: ChildProcess, event: NumberedEvent): Promise<string | null> {
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (part) => this.#print(part)).on('error', () => {});
    // A command need not read it.
    child.stdin?.on('error', () => {});
    child.stdin?.end(`${JSON.stringify(event)}\n`);
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    const failure = await new Promise<string | null>((resolve, reject) => {
      child.on('error', reject);
      child.once('exit', (code, signal) => resolve(this.#failureOf(code, signal)));
    });
    this.kill();
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, OUTPUT_MS).unref())]);
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
    return failure;
  }

  #failureOf(code: number | null, signal: string | null): string | null {
    if (this.#isLate) return 'took too long and was ended';
    if (code === null) return `was ended by ${signal}`;
    if (code === 0) return null;
    const why = code === 127 ? ', command not found' : code === 126 ? ', not to be run' : '';
    return `failed with exit code ${code}${why}`;
  }

  #print(part: Buffer): void {
    if (this.#printed.length < MAX_PRINTED) this.#printed = (this.#printed + part.toString()).slice(0, MAX_PRINTED);
  }

  #how(failure: string | null): HowEnded {
    return { failure, printed: this.#printed };
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    try {
      if (pid !== undefined) process.kill(isWindows ? pid : -pid, signal);
    } catch {
      // it has ended already
    }
  }
}

/** The environment of the server, and what the event is: never a part of the command line. */
function environmentOf(event: NumberedEvent): NodeJS.ProcessEnv {
  const { LOCKSTEP_EVENT: _event, LOCKSTEP_PATH: _path, ...env } = process.env;
  const { path } = event as { readonly path?: unknown };
  return {
    ...env,
    LOCKSTEP_EVENT: event.event,
    ...(typeof path === 'string' ? { LOCKSTEP_PATH: path.replaceAll('\0', '') } : {}),
  };
}
