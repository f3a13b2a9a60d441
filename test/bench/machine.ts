// What a bench was run on: figures of another machine, or of a busy one, say nothing about this one.
import { spawnSync } from 'node:child_process';
import os from 'node:os';

export interface Machine {
  /** When the bench began, ISO 8601. */
  readonly at: string;
  /** The commit of this checkout, with a plus where it was changed since; null outside a checkout. */
  readonly commit: string | null;
  readonly node: string;
  readonly system: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
}

/** @returns the machine that this runs on, now. */
export function thisMachine(): Machine {
  const cpus = os.cpus();
  return {
    at: new Date().toISOString(),
    commit: commit(),
    node: process.versions.node,
    system: `${os.type()} ${os.release()}`,
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores: cpus.length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
  };
}

/** @returns the load in the last minute: how many processes wanted a core on average. */
export function load(): number {
  return os.loadavg()[0]!;
}

function commit(): string | null {
  const git = (...args: string[]) => spawnSync('git', args, { encoding: 'utf8' });
  const { status, stdout } = git('rev-parse', '--short', 'HEAD');
  if (status !== 0) return null;
  return stdout.trim() + (git('status', '--porcelain').stdout === '' ? '' : '+');
}
