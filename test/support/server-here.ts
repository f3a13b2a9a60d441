// A server in the process of the test: all of the program but its process. Its arguments are parsed and its events
// said as ever; only signals, and how a process ends, are missing.

import { errorObject, errorText } from '../../src/cli/error-text.js';
import { exitCodeOf } from '../../src/cli/exit-codes.js';
import { eventLogger } from '../../src/cli/server/event-log.js';
import { type Asked, type ServerSettings, serverAOptions, serverBOptions } from '../../src/cli/server/options.js';
import { withPage } from '../../src/cli/server/page.js';
import { openTrust } from '../../src/cli/server/trust.js';
import type { Logger } from '../../src/log.js';
import { startServerA } from '../../src/sync/server-a.js';
import { startServerB } from '../../src/sync/server-b.js';
import { type Said, Sayings } from './sayings.js';

/** What tests do with a server, wherever it runs. */
export interface Server {
  readonly said: readonly Said[];
  readonly stderr: string;
  readonly pid: number;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
  wait(want: string | ((said: Said) => boolean), since?: number): Promise<Said>;
  kill(signal: NodeJS.Signals): void;
  stop(): Promise<number | null>;
  crash(): Promise<void>;
}

export class ServerHere extends Sayings implements Server {
  readonly ended: Promise<number | null>;
  readonly #starting: Promise<{ stop(): Promise<void>; readonly failed: Promise<Error> }>;
  #stopping: Promise<void> | null = null;
  #end: (code: number) => void = () => {};

  constructor(program: 'server-a' | 'server-b', args: readonly string[], env: NodeJS.ProcessEnv) {
    super();
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    const err = (text: string) => {
      this.stderr += text;
      this.wake();
    };
    const log = eventLogger({ format: 'json', quiet: false, verbose: false, out: (text) => this.hear(text), err });
    this.#starting = start(program, args, env, log, (text) => this.hear(text));
    this.#starting
      .then((running) => running.failed)
      .catch((error: unknown) => error)
      .then((error) => {
        err(`${errorText(errorObject(error))}\n`);
        this.#end(exitCodeOf(error));
      });
  }

  get pid(): number {
    throw new Error('This server runs in the process of the test, which has no id of its own.');
  }

  kill(signal: NodeJS.Signals): void {
    throw new Error(`This server runs in the process of the test: no ${signal} for it.`);
  }

  stop(): Promise<number | null> {
    this.#stopping ??= this.#starting.then(
      (running) => running.stop().then(() => this.#end(0)),
      () => {},
    );
    return this.#stopping.then(() => this.ended);
  }

  async crash(): Promise<void> {
    this.kill('SIGKILL');
  }
}

async function start(
  program: 'server-a' | 'server-b',
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  log: Logger,
  say: (text: string) => void,
) {
  const print = () => {};
  if (program === 'server-a') {
    const asked = serverAOptions([...args, '--log', 'json'], env, print);
    const server = await startServerA({ ...settingsOf(asked, log), log });
    return 'settings' in asked ? withPage(server, asked.settings, log, say) : server;
  }
  return startServerB({ ...settingsOf(serverBOptions(args, env, print), log), log });
}

function settingsOf<S extends ServerSettings>(asked: Asked<S>, log: Logger) {
  if ('printed' in asked) throw new Error('A text was asked for, not a server.');
  const { secretFile: _secretFile, keys: _keys, ...settings } = asked.settings;
  return { ...settings, version: 'test', ...openTrust(asked.settings, log) };
}
