// Where a scenario happens: a directory of its own for everything, and large files made once. What is in memory is removed
// as soon as nobody needs it; what is on a disk only at the very end, because creating files right after the removal of
// many takes several times as long there.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const MIB = 1 << 20;
const TMPFS_MAGIC = 0x01021994;

const places = new Set<Place>();

/** A directory for one scenario. */
export class Place {
  readonly root: string;
  /** Whether it is in memory. */
  readonly isMemory: boolean;
  #next = 0;
  readonly #kept = new Map<string, unknown>();

  /** @param where on which file system: `tmpfs` is memory, `disk` the directory for temporary files, else a directory. */
  constructor(where: string) {
    const below = where === 'tmpfs' ? '/dev/shm' : where === 'disk' ? os.tmpdir() : where;
    this.root = fs.realpathSync(fs.mkdtempSync(path.join(below, 'lockstep-bench-')));
    this.isMemory = fs.statfsSync(this.root).type === TMPFS_MAGIC;
    places.add(this);
  }

  /** @returns a new, empty directory. */
  fresh(name: string): string {
    const directory = path.join(this.root, `${name}-${this.#next++}`);
    fs.mkdirSync(directory);
    return directory;
  }

  /** @returns a file of random bytes, the same one each time. */
  random(mebibytes: number): string {
    const file = path.join(this.root, `random-${mebibytes}`);
    if (fs.existsSync(file)) return file;
    const fd = fs.openSync(file, 'wx');
    for (let n = 0; n < mebibytes; n++) fs.writeSync(fd, randomBytes(MIB));
    fs.closeSync(fd);
    return file;
  }

  /** @returns what `make` made at the first call with this key. */
  async keep<T>(key: string, make: () => Promise<T>): Promise<T> {
    if (!this.#kept.has(key)) this.#kept.set(key, await make());
    return this.#kept.get(key) as T;
  }

  /** Removes directories with few, large files, which costs nobody anything. */
  dropLarge(...directories: readonly string[]): void {
    for (const directory of directories) fs.rmSync(directory, { recursive: true, force: true });
  }

  /** Removes directories that nobody needs any more, unless they are on a disk. */
  drop(...directories: readonly string[]): void {
    if (this.isMemory) this.dropLarge(...directories);
  }

  /** Writes out what was prepared: nobody is to wait for the disk on account of what another has put in its queue. */
  settle(): void {
    if (!this.isMemory) spawnSync('sync');
  }

  /** To be called when the scenario is over. */
  close(): void {
    if (this.isMemory) this.remove();
  }

  remove(): void {
    places.delete(this);
    fs.rmSync(this.root, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Removes all that is left. */
export function removePlaces(): void {
  for (const place of places) place.remove();
}
