// rsync: its daemon as it would serve another machine, and a run of it by hand. It compares sizes and times, knows no
// earlier state and goes one way.
import fs from 'node:fs';
import path from 'node:path';
import { runToEnd } from '../processes.js';
import { answers, freePort } from '../wire.js';
import { BasePair, firstLine } from './base.js';
import type { Program } from './program.js';

export const rsync: Program = {
  name: 'rsync',
  version: () => firstLine('rsync', '--version'),
  flags: 'rsync -a --delete to a daemon',
  durability: 'nothing',
  isLive: false,
  prepare: async (place, isCounted) => new RsyncPair(place, isCounted),
};

export const rsyncWithFsync: Program = {
  ...rsync,
  name: 'rsync --fsync',
  flags: 'rsync -a --delete --fsync to a daemon',
  durability: 'every file',
  prepare: async (place, isCounted) => {
    const pair = new RsyncPair(place, isCounted);
    pair.flags.push('--fsync');
    return pair;
  },
};

/** A daemon with directory b as its only module. */
export class RsyncPair extends BasePair {
  readonly flags = ['-a', '--delete'];
  #port = 0;

  async start(): Promise<void> {
    const port = await freePort();
    await startDaemon(this.place.fresh('rsyncd'), this.b, port, (args) => this.launch('rsync', args));
    this.#port = await this.through(port);
  }

  async sync(): Promise<void> {
    await runToEnd('rsync', [...this.flags, `${this.a}/`, `rsync://127.0.0.1:${this.#port}/b/`]);
  }
}

/** Starts a daemon that serves `target` as the module `b`. Resolves when it listens. */
export async function startDaemon(
  beside: string,
  target: string,
  port: number,
  launch: (args: readonly string[]) => unknown,
): Promise<void> {
  const config = path.join(beside, 'rsyncd.conf');
  const lines = [
    'use chroot = no',
    'address = 127.0.0.1',
    `port = ${port}`,
    '[b]',
    'read only = no',
    `path = ${target}`,
  ];
  const [user, group] = [process.getuid!(), process.getgid!()];
  if (user === 0) lines.push(`uid = ${user}`, `gid = ${group}`);
  fs.writeFileSync(config, `${lines.join('\n')}\n`);
  launch(['--daemon', '--no-detach', `--config=${config}`]);
  await answers(port);
}
