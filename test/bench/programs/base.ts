// What the pairs of all programs have in common: two directories, processes that end, and a wire that may count.
import { spawnSync } from 'node:child_process';
import type { Place } from '../place.js';
import { Running } from '../processes.js';
import { Wire } from '../wire.js';
import type { Pair } from './program.js';

/** @returns the first line of what a program prints; null where it is not installed. */
export function firstLine(command: string, ...args: readonly string[]): string | null {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n')[0]!.trim().replaceAll(/ {2,}/g, ' ') : null;
}

export abstract class BasePair implements Pair {
  readonly a: string;
  readonly b: string;
  readonly running: Running[] = [];
  protected readonly place: Place;
  readonly #isCounted: boolean;
  #wire: Wire | null = null;

  constructor(place: Place, isCounted = false) {
    this.place = place;
    this.#isCounted = isCounted;
    this.a = place.fresh('a');
    this.b = place.fresh('b');
  }

  get carried(): number {
    return this.#wire?.carried ?? Number.NaN;
  }

  abstract start(): Promise<void>;
  abstract sync(): Promise<void>;

  async stop(): Promise<void> {
    await Promise.all(this.running.splice(0).map((one) => one.stop()));
    this.#wire?.close();
    this.#wire = null;
  }

  /** Starts a process that `stop` ends. */
  protected launch(command: string, args: readonly string[], env?: NodeJS.ProcessEnv): Running {
    const one = new Running(command, args, env);
    this.running.push(one);
    return one;
  }

  /** @returns the port that leads to `port`, where it is counted what goes there. */
  protected async through(port: number): Promise<number> {
    if (!this.#isCounted) return port;
    this.#wire = await Wire.before(port);
    return this.#wire.port;
  }
}
