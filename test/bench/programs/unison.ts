// Unison: a server at a socket, and a run of it by hand; or one that looks for changes every second, the shortest time
// that it has where its watcher is not installed.
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Place } from '../place.js';
import { runToEnd } from '../processes.js';
import { answers, freePort } from '../wire.js';
import { BasePair, firstLine } from './base.js';
import type { Program } from './program.js';

const FLAGS = ['-batch', '-auto', '-silent', '-times', '-contactquietly', '-confirmbigdel=false'];
const READY = '.lockstep-bench-ready';
const SYNC_MS = 600_000;

export const unison: Program = {
  name: 'unison',
  version: () => firstLine('unison', '-version'),
  flags: `unison ${FLAGS.join(' ')} to a socket`,
  durability: 'nothing',
  isLive: false,
  prepare: async (place, isCounted) => new UnisonPair(place, isCounted),
};

export const unisonRepeating: Program = {
  ...unison,
  name: 'unison -repeat 1',
  flags: `${unison.flags}, -repeat 1`,
  isLive: true,
  prepare: async (place, isCounted) => new RepeatingPair(place, isCounted),
};

class UnisonPair extends BasePair {
  readonly #archives: string;
  #port = 0;

  constructor(place: Place, isCounted = false) {
    super(place, isCounted);
    this.#archives = place.fresh('unison');
  }

  async start(): Promise<void> {
    const port = await freePort();
    this.launch('unison', ['-socket', String(port), '-listen', '127.0.0.1'], this.env('b'));
    await answers(port);
    this.#port = await this.through(port);
  }

  async sync(): Promise<void> {
    await runToEnd('unison', this.args(), this.env('a'));
  }

  override async stop(): Promise<void> {
    await super.stop();
    // One that is ended while it looks for changes leaves the locks of its archives.
    for (const side of ['a', 'b'] as const) {
      const archives = this.env(side).UNISON!;
      for (const name of fs.readdirSync(archives)) if (name.startsWith('lk')) fs.rmSync(path.join(archives, name));
    }
  }

  protected args(): string[] {
    return [this.a, `socket://127.0.0.1:${this.#port}/${this.b}`, '-ui', 'text', ...FLAGS];
  }

  protected env(side: 'a' | 'b'): NodeJS.ProcessEnv {
    const archives = path.join(this.#archives, side);
    fs.mkdirSync(archives, { recursive: true });
    // The archives are found by the name of the machine.
    return { ...process.env, UNISON: archives, UNISONLOCALHOSTNAME: 'localhost' };
  }
}

class RepeatingPair extends UnisonPair {
  override async start(): Promise<void> {
    await super.start();
    // The first contact, which would be counted as a change otherwise.
    await super.sync();
    this.launch('unison', [...this.args(), '-repeat', '1'], this.env('a'));
    await this.sync();
  }

  /** Resolves when a new file and its removal have gone over, and with them whatever was there before. */
  override async sync(): Promise<void> {
    const [here, there] = [path.join(this.a, READY), path.join(this.b, READY)];
    fs.writeFileSync(here, '');
    await until(() => fs.existsSync(there));
    fs.rmSync(here);
    await until(() => !fs.existsSync(there));
  }
}

async function until(is: () => boolean): Promise<void> {
  const end = performance.now() + SYNC_MS;
  while (!is()) {
    if (performance.now() > end) throw new Error('unison has brought nothing over');
    await delay(20);
  }
}
