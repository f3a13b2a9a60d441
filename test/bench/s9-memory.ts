// S9: what 1 GiB that goes through costs in memory, and how long somebody who asks for the list meanwhile waits.
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { Pair } from './pair.js';
import { checkEqual } from './place.js';
import type { Scenario } from './scenario.js';

const BETWEEN_MS = 10;

export const memory: Scenario = {
  name: 'S9',
  what: '1 GiB goes through: memory of the servers, and the longest list',
  targets: [
    { measure: 'growth a', most: 64 },
    { measure: 'growth b', most: 64 },
    { measure: 'list', most: 50 },
  ],
  async run(place) {
    const file = place.random(1024);
    const pair = await Pair.start(place);
    const copy = path.join(place.fresh('beside'), 'large');
    fs.copyFileSync(file, copy);
    const before = [pair.serverA.peak, pair.serverB.peak] as const;
    const asking = new Asking(pair.portA);
    await pair.put(copy, 'large');
    const list = await asking.stop();
    const after = [pair.serverA.peak, pair.serverB.peak] as const;
    await pair.stop();
    checkEqual(file, path.join(pair.b, 'large'));
    return [
      { program: 'lockstep', measure: 'growth a', value: after[0] - before[0], unit: 'MiB' },
      { program: 'lockstep', measure: 'growth b', value: after[1] - before[1], unit: 'MiB' },
      { program: 'lockstep', measure: 'list', value: list, unit: 'ms' },
    ];
  },
};

/** Asks for the list again and again. */
class Asking {
  #longest = 0;
  #stopped = false;
  readonly #ended: Promise<void>;

  constructor(port: number) {
    this.#ended = this.#ask(port);
  }

  /** @returns how long the longest answer took, milliseconds. */
  async stop(): Promise<number> {
    this.#stopped = true;
    await this.#ended;
    return this.#longest;
  }

  async #ask(port: number): Promise<void> {
    const socket = net.connect({ host: '127.0.0.1', port });
    while (!this.#stopped) {
      const begun = performance.now();
      socket.write('{"jsonrpc":"2.0","id":1,"method":"list"}\n');
      await new Promise((resolve) => socket.once('data', resolve));
      this.#longest = Math.max(this.#longest, performance.now() - begun);
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
    }
    socket.destroy();
  }
}
