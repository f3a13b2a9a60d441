// lsyncd: it watches directory a and runs rsync for what changed. It says nothing when it is done, so that the two trees
// are compared from outside.
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { firstDifference } from '../trees.js';
import { answers, freePort } from '../wire.js';
import { BasePair, firstLine } from './base.js';
import type { Program } from './program.js';
import { rsync, startDaemon } from './rsync.js';

const READY = '.lockstep-bench-ready';
const SYNC_MS = 120_000;

export const lsyncd: Program = {
  name: 'lsyncd',
  version: () => (rsync.version() === null ? null : firstLine('lsyncd', '--version')),
  flags: 'delay = 0, rsync with its default options to a daemon',
  durability: 'nothing',
  isLive: true,
  prepare: async (place, isCounted) => new LsyncdPair(place, isCounted),
};

class LsyncdPair extends BasePair {
  async start(): Promise<void> {
    const port = await freePort();
    const beside = this.place.fresh('lsyncd');
    await startDaemon(beside, this.b, port, (args) => this.launch('rsync', args));
    const to = await this.through(port);
    await answers(to);
    const config = path.join(beside, 'lsyncd.lua');
    fs.writeFileSync(
      config,
      `settings { nodaemon = true, logfile = "${path.join(beside, 'log')}", insist = true }
sync { default.rsync, source = "${this.a}", target = "rsync://127.0.0.1:${to}/b/", delay = 0,
  rsync = { archive = true } }
`,
    );
    this.launch('lsyncd', [config]);
    await this.sync();
    await this.#seesChanges();
  }

  /** Compares from outside until both trees have the same names, sizes and times. */
  async sync(): Promise<void> {
    const end = performance.now() + SYNC_MS;
    for (;;) {
      const differing = firstDifference(this.a, this.b);
      if (differing === null) return;
      if (performance.now() > end) throw new Error(`lsyncd has not brought ${differing} over`);
      await delay(10);
    }
  }

  /** Resolves when a new file goes over, so that it surely watches. */
  async #seesChanges(): Promise<void> {
    fs.writeFileSync(path.join(this.a, READY), '');
    await this.sync();
    fs.rmSync(path.join(this.a, READY));
    await this.sync();
  }
}
