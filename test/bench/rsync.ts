// rsync's daemon on the loopback, as it would serve another machine.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { type Place, settle } from './place.js';

/** @returns what it says of its version; null where there is none. */
export function rsyncVersion(): string | null {
  const { status, stdout } = spawnSync('rsync', ['--version'], { encoding: 'utf8' });
  return status === 0 ? (stdout.split('\n')[0] ?? '') : null;
}

/** What one run of rsync took. */
export interface RsyncRun {
  readonly ms: number;
  /** Both ways. */
  readonly bytes: number;
}

/** A daemon with one module. */
export class Rsync {
  readonly #port: number;

  /** What the module holds. */
  readonly target: string;

  private constructor(place: Place, port: number) {
    this.#port = port;

    this.target = place.fresh('rsync-target');
  }

  static async start(place: Place): Promise<Rsync> {
    const rsync = new Rsync(place, await freePort());
    const config = path.join(place.fresh('rsync'), 'rsyncd.conf');
    const [user, group] = [process.getuid?.(), process.getgid?.()];
    const lines = ['use chroot = no', 'address = 127.0.0.1', `port = ${rsync.#port}`, '[target]', 'read only = no'];
    lines.push(`path = ${rsync.target}`);
    if (user === 0) lines.push(`uid = ${user}`, `gid = ${group}`);
    fs.writeFileSync(config, `${lines.join('\n')}\n`);
    const daemon = spawn('rsync', ['--daemon', '--no-detach', `--config=${config}`], { stdio: 'ignore' });
    place.onClose(() => daemon.kill('SIGTERM'));
    await answers(rsync.#port);
    return rsync;
  }

  /** Brings what is in `source` to the target. */
  run(source: string): RsyncRun {
    settle();
    const begun = performance.now();
    const args = ['-a', '--stats', `${source}/`, `rsync://127.0.0.1:${this.#port}/target/`];
    const said = execFileSync('rsync', args, { encoding: 'utf8' });
    const ms = performance.now() - begun;
    const count = (what: string) => Number(new RegExp(`${what}: ([\\d,]+)`).exec(said)?.[1]?.replaceAll(',', ''));
    return { ms, bytes: count('Total bytes sent') + count('Total bytes received') };
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Resolves when somebody listens. */
async function answers(port: number): Promise<void> {
  for (;;) {
    const there = await new Promise<boolean>((resolve) => {
      const socket = net.connect({ host: '127.0.0.1', port });
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (there) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
