// A Scanner on a temporary root, and the ways of tests to wait for it: by its hints and by conditions, never by sleeping.

import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { afterEach } from 'vitest';
import type { Entry } from '../../../src/core/entry.js';
import type { RelPath } from '../../../src/core/path.js';
import type { Snapshot } from '../../../src/core/snapshot.js';
import type { ScannerOptions } from '../../../src/disk/scan/context.js';
import { Scanner } from '../../../src/disk/scan/scanner.js';
import { openRoot } from '../../../src/disk/state/root.js';
import type { ScanResult, ScanScope } from '../../../src/replica.js';
import { makeRoot, put, removeRoot, type Tree } from '../trees.js';

/** Ends what hangs. */
const DEADLINE_MS = 30_000;
/** One step of waiting for something that is not to come. */
const STEP_MS = 10;
const opened: Watched[] = [];

afterEach(async () => {
  for (const watched of opened.splice(0)) {
    await watched.scanner.close();
    removeRoot(watched.root);
  }
});

/** A scanner, with all that it told so far. */
export class Watched {
  readonly scanner: Scanner;
  /** Every difference told, in order; an entry in short: see `brief`. */
  readonly told: [path: string, what: string][] = [];
  readonly scans: ScanResult[] = [];
  hints = 0;
  /** How many hints had come when the last scan began. */
  #answered = 0;
  #wake: () => void = () => {};

  constructor(
    readonly root: string,
    options: Partial<ScannerOptions> = {},
  ) {
    const onHint = () => {
      this.hints++;
      this.#wake();
    };
    this.scanner = new Scanner({ root: openRoot(root), ignore: [], watch: true, onHint, ...options });
  }

  get last(): ScanResult {
    return this.scans.at(-1)!;
  }

  async scan(scope: ScanScope = 'hinted'): Promise<ScanResult> {
    this.#answered = this.hints;
    const scan = await this.scanner.scan(scope);
    this.scans.push(scan);
    for (const { path, entry } of scan.entries) this.told.push([path, brief(entry)]);
    return scan;
  }

  /** Looks whenever there is a hint, until `isDone`; fails at a deadline. */
  async until(isDone: () => boolean, scope: ScanScope = 'hinted'): Promise<void> {
    const deadline = Date.now() + DEADLINE_MS;
    await this.scan(scope);
    while (!isDone()) {
      if (Date.now() > deadline) throw new Error(`Not in time. Told: ${JSON.stringify(this.told.slice(-20))}`);
      await this.hinted(200);
      await this.scan(scope);
    }
  }

  /** Looks whenever there is a hint, until nothing is in motion and no hint came for `quietMs`. */
  async settle(quietMs = 100): Promise<void> {
    let scan = await this.scan();
    while ((await this.hinted(quietMs)) || scan.unsettled > 0) scan = await this.scan();
  }

  /**
   * @returns whether a hint has come since the last scan began, or comes within `ms`. Each step has a turn of the event
   * loop, so that a process that stood still takes what has happened before its time is over.
   */
  async hinted(ms: number): Promise<boolean> {
    for (let left = ms; left > 0 && this.hints === this.#answered; left -= STEP_MS) await this.#step();
    return this.hints !== this.#answered;
  }

  #step(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => setImmediate(resolve), STEP_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** @returns what is known, in short, sorted. */
  known(): Record<string, string> {
    return flat(this.scanner.snapshot);
  }

  /** Forgets what was told so far. */
  forget(): void {
    this.told.length = 0;
  }
}

/** Opens a scanner on a new root with `tree` in it; both are removed after the test. */
export function watch(tree: Tree = {}, options: Partial<ScannerOptions> = {}): Watched {
  const root = makeRoot('look');
  put(root, tree);
  return watchAgain(root, options);
}

/** Opens a scanner on a root that is there already. */
export function watchAgain(root: string, options: Partial<ScannerOptions> = {}): Watched {
  const watched = new Watched(root, options);
  opened.push(watched);
  return watched;
}

/** @returns an entry in a few characters: `dir 755`, `link target`, the first digits of a hash, or `gone`. */
export function brief(entry: Entry | null): string {
  if (entry === null) return 'gone';
  if (entry.type === 'dir') return `dir ${entry.mode.toString(8)}`;
  return entry.type === 'symlink' ? `link ${entry.target}` : `${entry.mode.toString(8)} ${entry.hash.slice(0, 12)}`;
}

/** @returns a file of this content as `brief` shows it. */
export const file = (content: string | Buffer, mode = 0o644): string =>
  `${mode.toString(8)} ${createHash('sha256').update(content).digest('hex').slice(0, 12)}`;

export function flat(snapshot: Snapshot): Record<string, string> {
  const all = [...snapshot.walk()].map(([path, node]) => [path, brief(node)] as const);
  return Object.fromEntries(all.sort(([x], [y]) => (x < y ? -1 : 1)));
}

/** @returns what is really in `root`, in the form of `known`; read plainly, without any of the code that is tested. */
export function flatDisk(root: string, below = ''): Record<string, string> {
  const all: Record<string, string> = {};
  for (const name of fs.readdirSync(below === '' ? root : `${root}/${below}`)) {
    if (name === '.lockstep') continue;
    const path = below === '' ? name : `${below}/${name}`;
    const stats = fs.lstatSync(`${root}/${path}`);
    if (stats.isSymbolicLink()) all[path] = `link ${fs.readlinkSync(`${root}/${path}`)}`;
    else if (stats.isFile()) all[path] = file(fs.readFileSync(`${root}/${path}`), stats.mode & 0o777);
    else if (stats.isDirectory()) {
      all[path] = `dir ${(stats.mode & 0o777).toString(8)}`;
      Object.assign(all, flatDisk(root, path));
    }
  }
  return Object.fromEntries(Object.entries(all).sort(([x], [y]) => (x < y ? -1 : 1)));
}

export const path = (text: string): RelPath => text as RelPath;
