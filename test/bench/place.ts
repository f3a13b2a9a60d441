// Where a run happens: a directory of its own for each, removed only at the very end, and large files made once.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const MIB = 1 << 20;

/** A directory for benchmarks. */
export class Place {
  readonly root: string;
  #next = 0;
  readonly #closing: (() => void)[] = [];

  /** @param where on which file system; `tmpfs` is memory. */
  constructor(where: string) {
    const below = where === 'tmpfs' ? '/dev/shm' : where === 'disk' ? os.tmpdir() : where;
    this.root = fs.mkdtempSync(path.join(below, 'lockstep-bench-'));
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

  /** To be called at the end, whatever happens. */
  onClose(act: () => void): void {
    this.#closing.push(act);
  }

  close(): void {
    for (const act of this.#closing) act();
    fs.rmSync(this.root, { recursive: true, force: true });
  }
}

/** What was prepared is written out: nobody is to wait for the disk on account of what another has put in its queue. */
export function settle(): void {
  spawnSync('sync');
}

/** Copies `from` to `to` with `front` before it. */
export function copyBehind(front: Buffer, from: string, to: string): void {
  const out = fs.openSync(to, 'wx');
  fs.writeSync(out, front);
  for (const data of pieces(from)) fs.writeSync(out, data);
  fs.closeSync(out);
}

/** @throws where two files differ. */
export function checkEqual(x: string, y: string): void {
  const other = pieces(y);
  for (const data of pieces(x)) {
    const { value } = other.next();
    if (value === undefined || !data.equals(value)) throw new Error(`${x} and ${y} differ`);
  }
  if (!other.next().done) throw new Error(`${y} is longer than ${x}`);
}

function* pieces(file: string): Generator<Buffer> {
  const fd = fs.openSync(file, 'r');
  try {
    for (;;) {
      const data = Buffer.alloc(4 * MIB);
      const bytes = fs.readSync(fd, data, 0, data.length, null);
      if (bytes === 0) return;
      yield data.subarray(0, bytes);
    }
  } finally {
    fs.closeSync(fd);
  }
}
