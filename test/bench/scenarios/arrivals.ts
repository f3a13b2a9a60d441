// Changes files in directory a and sees, from outside, when each change stands in directory b.
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { contentOf } from '../trees.js';

const BYTES = 4096;
const ARRIVAL_MS = 60_000;
/** For events that the system does not give: a late figure is better than none. */
const LOOK_MS = 50;

let next = 1_000_000;

interface Expected {
  readonly content: Buffer;
  readonly arrived: (at: number) => void;
}

export class Arrivals {
  readonly #a: string;
  readonly #b: string;
  readonly #files: readonly string[];
  readonly #watchers: fs.FSWatcher[];
  readonly #looking: NodeJS.Timeout;
  readonly #expected = new Map<string, Expected>();

  /** @param directories whose files are changed in turn; those of them that are there. */
  constructor(a: string, b: string, directories: readonly string[]) {
    this.#a = a;
    this.#b = b;
    const there = directories.filter((directory) => fs.existsSync(path.join(b, directory)));
    this.#files = there.flatMap((directory) =>
      fs.readdirSync(path.join(b, directory)).map((name) => path.join(directory, name)),
    );
    this.#watchers = there.map((directory) =>
      fs.watch(path.join(b, directory), (_, name) => name !== null && this.#look(path.join(directory, name))),
    );
    this.#looking = setInterval(() => {
      for (const file of this.#expected.keys()) this.#look(file);
    }, LOOK_MS);
  }

  /**
   * Writes 4 KiB into one file after the other, each `betweenMs` after the one before.
   * @returns what each took until it stood in directory b, milliseconds.
   */
  async measure(changes: number, betweenMs: number): Promise<number[]> {
    const begun = performance.now();
    const all: Promise<number>[] = [];
    for (let n = 0; n < changes; n++) {
      await delay(Math.max(0, begun + n * betweenMs - performance.now()));
      all.push(this.#change(this.#files[n % this.#files.length]!));
    }
    const late = new AbortController();
    const timeout = delay(ARRIVAL_MS, null, { signal: late.signal }).then(() => {
      throw new Error(`${[...this.#expected.keys()].join(', ')} did not arrive in ${ARRIVAL_MS} ms`);
    });
    try {
      return await Promise.race([Promise.all(all), timeout]);
    } finally {
      late.abort();
      timeout.catch(() => {});
    }
  }

  close(): void {
    clearInterval(this.#looking);
    for (const watcher of this.#watchers) watcher.close();
  }

  #change(file: string): Promise<number> {
    const content = contentOf(next++, BYTES);
    // A file whose last change has not arrived: with this one, that has, too.
    const before = this.#expected.get(file);
    return new Promise((resolve) => {
      const since = performance.now();
      const arrived = (at: number) => {
        before?.arrived(at);
        resolve(at - since);
      };
      this.#expected.set(file, { content, arrived });
      fs.writeFileSync(path.join(this.#a, file), content);
    });
  }

  #look(file: string): void {
    const expected = this.#expected.get(file);
    if (expected === undefined) return;
    const found = readIfThere(path.join(this.#b, file));
    if (found === null || !found.equals(expected.content)) return;
    this.#expected.delete(file);
    expected.arrived(performance.now());
  }
}

function readIfThere(file: string): Buffer | null {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
