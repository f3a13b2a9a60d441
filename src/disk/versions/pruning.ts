// Keeps the versions within their limits: deletes those that are too old, and the oldest while all together exceed
// their share of the disk. It runs in the background, a few files at a time, and removes directories that become empty.
import fs from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { comparePaths, joinPath, nameOf, parentOf, pathFault, type RelPath } from '../../core/path.js';
import type { Logger } from '../../log.js';
import type { OwnDirectory } from '../fs/own-directory.js';
import { momentOf } from './name.js';
import type { VersionRecords } from './records.js';

/** How long and how much is kept. */
export interface VersionLimits {
  /** Milliseconds after which a version is deleted. */
  readonly keepMs: number;
  /** The share of the file system that versions may take: more than 0, at most 1. */
  readonly share: number;
}

export const DEFAULT_VERSION_LIMITS: VersionLimits = { keepMs: 30 * 24 * 60 * 60 * 1000, share: 0.2 };

/** How a pruner is opened. `now` and `statfs` are for tests. */
interface PrunerOptions {
  /** ROOT/.lockstep/versions. */
  readonly directory: OwnDirectory;
  readonly records: VersionRecords;
  readonly limits: VersionLimits;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly statfs?: (directory: string) => Promise<{ readonly blocks: number; readonly bsize: number }>;
}

/** The first run is some time after the start of the server; it is not urgent. */
const FIRST_MS = 10_000;
const EVERY_MS = 60 * 60 * 1000;
/** The delay after the share is exceeded: often more versions follow at once. */
const SOON_MS = 1_000;
const HURRY_EVERY_MS = 10_000;
const FILES_AT_ONCE = 32;
/** The unit of `stats.blocks`. */
const BLOCK_BYTES = 512;

const { lstat, readdir } = fs.promises;

/** A file in versions/. */
interface Kept {
  readonly name: RelPath;
  readonly size: number;
  readonly replaced: number;
}

/** Prunes the versions of one root. */
export class VersionPruner {
  readonly #options: PrunerOptions;

  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #closed = false;
  #hurriedAt = Number.NEGATIVE_INFINITY;
  /** Bytes at the end of the last run, plus what has come since. */
  #bytes = 0;
  #most = Number.POSITIVE_INFINITY;

  constructor(options: PrunerOptions) {
    this.#options = options;
  }

  /** Schedules the first run; each run schedules the next. */
  start(): void {
    this.#schedule(FIRST_MS);
  }

  /** To be called after a version of `bytes` was added. */
  grew(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#most && this.#running === null) this.#schedule(SOON_MS);
  }

  /** Prunes at once because the disk is full, at most once in HURRY_EVERY_MS. */
  hurry(): void {
    const now = (this.#options.now ?? Date.now)();
    if (this.#running !== null || now - this.#hurriedAt < HURRY_EVERY_MS) return;
    this.#hurriedAt = now;
    void this.prune();
  }

  #schedule(ms: number): void {
    if (this.#closed) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.prune(), ms).unref();
  }

  /** Deletes what exceeds the limits; overlapping calls share one run. */
  prune(): Promise<void> {
    this.#running ??= this.#run()
      .catch((error: Error) => this.#options.log.warn(`Old versions could not be removed: ${error.message}`))
      .finally(() => {
        this.#running = null;
        this.#schedule(EVERY_MS);
      });
    return this.#running;
  }

  async #run(): Promise<void> {
    const { directory, limits, log, now = Date.now, statfs = fs.promises.statfs } = this.#options;
    const begun = now();
    this.#bytes = 0;
    directory.ensure();
    const { blocks, bsize } = await statfs(directory.path);
    const most = blocks * bsize * limits.share;
    const { files, directories } = await this.#survey();
    let left = files.reduce((sum, { size }) => sum + size, 0);
    let removed = 0;
    for (const { name, size, replaced } of files.sort(oldestFirst)) {
      if (this.#closed || (replaced >= begun - limits.keepMs && left <= most)) break;
      this.#remove(name);
      if (++removed % FILES_AT_ONCE === 0) await nextTurn();
      left -= size;
    }
    this.#removeEmpty(directories, files.slice(removed));
    this.#forget(files, begun);
    this.#bytes += left;
    this.#most = most;
    if (removed > 0) log.detail(`Removed the oldest versions, ${removed} in number, below ${directory.path}`);
  }

  /** Lists everything in versions/, except what makes no valid path or cannot be read. */
  async #survey(): Promise<{ files: Kept[]; directories: RelPath[] }> {
    const files: Kept[] = [];
    const directories: RelPath[] = [];
    const waiting: (RelPath | '')[] = [''];
    for (let at = waiting.pop(); at !== undefined && !this.#closed; at = waiting.pop()) {
      const parent = at;
      const entries = await readdir(path.join(this.#options.directory.path, parent), { withFileTypes: true }).catch(
        () => [],
      );
      const sound = entries.filter(({ name }) => pathFault(name) === null);
      for (const entry of sound) if (entry.isDirectory()) directories.push(joinPath(parent, entry.name));
      for (const entry of sound) if (entry.isDirectory()) waiting.push(joinPath(parent, entry.name));
      const names = sound.filter((entry) => !entry.isDirectory()).map(({ name }) => joinPath(parent, name));
      for (let i = 0; i < names.length; i += FILES_AT_ONCE) {
        const some = await Promise.all(names.slice(i, i + FILES_AT_ONCE).map((name) => this.#kept(name)));
        files.push(...some.filter((kept) => kept !== null));
      }
    }
    return { files, directories };
  }

  /** @returns the file `name`; without a record or a time in its name, its ctime counts. */
  async #kept(name: RelPath): Promise<Kept | null> {
    const stats = await lstat(path.join(this.#options.directory.path, name)).catch(() => null);
    if (stats === null) return null;
    const replaced = this.#options.records.get(name)?.replaced ?? momentOf(nameOf(name))?.replaced ?? stats.ctimeMs;
    // A sparse file takes less space than its length.
    return { name, size: Math.min(stats.size, stats.blocks * BLOCK_BYTES), replaced };
  }

  #remove(name: RelPath): void {
    this.#options.directory.use(name, (absolute) => fs.rmSync(absolute, { force: true }));
    this.#options.records.remove(name);
  }

  /**
   * Removes empty directories, children first. RACE: a version may just have come into one; then it is not empty and
   * stays.
   */
  #removeEmpty(directories: readonly RelPath[], left: readonly Kept[]): void {
    const used = new Set<RelPath | ''>();
    for (const { name } of left) {
      for (let at = parentOf(name); at !== '' && !used.has(at); at = parentOf(at)) used.add(at);
    }
    for (const directory of directories.toReversed()) {
      if (!used.has(directory)) this.#removeDirectory(directory);
    }
  }

  #removeDirectory(directory: RelPath): void {
    try {
      this.#options.directory.use(directory, (absolute) => fs.rmdirSync(absolute));
    } catch {
      // It is not empty.
    }
  }

  /** Deletes the records of versions whose files people have removed. */
  #forget(found: readonly Kept[], begun: number): void {
    if (this.#closed) return;
    const { records } = this.#options;
    const names = new Set(found.map(({ name }) => name));
    for (const name of [...records.all()]) {
      if (!names.has(name) && records.get(name)!.replaced < begun) records.remove(name);
    }
  }

  /** Stops a run after the file that is being deleted. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#running;
  }
}

function oldestFirst(x: Kept, y: Kept): number {
  const numberOf = ({ name }: Kept) => momentOf(nameOf(name))?.n ?? 0;
  return x.replaced - y.replaced || numberOf(x) - numberOf(y) || comparePaths(x.name, y.name);
}
