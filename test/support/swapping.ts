// Swaps something on the disk just before one of the system calls of what is under test: before the first, the second,
// and so on, which leaves no gap between a check and its use untried.
import fs from 'node:fs';
import path from 'node:path';
import { expect, vi } from 'vitest';
import { SyncError } from '../../src/core/errors.js';
import { outcomeOf } from '../../src/disk/fs/system-errors.js';

const CALLS = [
  ...(['openSync', 'closeSync', 'lstatSync', 'fstatSync', 'statSync', 'readdirSync', 'readlinkSync'] as const),
  ...(['chmodSync', 'fchmodSync', 'utimesSync', 'futimesSync', 'lutimesSync', 'readSync', 'writeSync'] as const),
  ...(['renameSync', 'linkSync', 'symlinkSync', 'unlinkSync', 'rmSync', 'rmdirSync', 'mkdirSync'] as const),
  ...(['copyFileSync', 'fsyncSync', 'existsSync', 'writeFileSync', 'realpathSync'] as const),
];

/** What lies outside, to the last bit; but not how many names it has, which a second one changes. */
export function stateOf(directory: string): string[] {
  const names = ['', ...fs.readdirSync(directory, { recursive: true, encoding: 'utf8' })].sort();
  return names.map((name) => {
    const at = path.join(directory, name);
    const stats = fs.lstatSync(at, { bigint: true });
    const content = stats.isFile() ? fs.readFileSync(at, 'utf8') : '';
    return `${name} ${stats.mode} ${stats.uid}:${stats.gid} ${stats.size} ${stats.mtimeNs} ${stats.ino} ${content}`;
  });
}

/** Runs steps, and swaps something just before their n-th system call. */
export class Swapping {
  #calls = 0;
  #isSeen = false;
  #at = 0;
  #swap: (isSeen: boolean) => void = () => {};

  constructor(knowsLinks: boolean) {
    vi.spyOn(fs, 'fsync').mockImplementation((_, done) => done(null));
    for (const name of CALLS) {
      const real = fs[name] as (...args: unknown[]) => unknown;
      const spied = (...args: unknown[]) => {
        if (this.#at === 0) return real(...args);
        this.#before(name);
        if (name === 'fsyncSync') return undefined; // it would only take time
        if (name === 'linkSync' && !knowsLinks) throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
        return real(...args);
      };
      vi.spyOn(fs, name as 'openSync').mockImplementation(spied as never);
    }
  }

  #before(name: string): void {
    if (++this.#calls === this.#at) {
      const at = this.#at;
      this.#at = 0;
      this.#swap(this.#isSeen);
      this.#at = at;
    }
    this.#isSeen ||= name === 'lstatSync' || name === 'fstatSync';
  }

  /** @returns whether it came to an n-th call. */
  async run(act: () => unknown, n: number, swap: (isSeen: boolean) => void): Promise<boolean> {
    this.#calls = 0;
    this.#isSeen = false;
    this.#swap = swap;
    this.#at = n;
    try {
      await act();
    } catch (error) {
      // What is in order or in words is for other tests to say; here only what it does to the disk counts.
      if (!(error instanceof SyncError)) expect(outcomeOf(error).kind).toMatch(/^(stale|problem)$/);
    }
    this.#at = 0;
    return this.#calls >= n;
  }
}
