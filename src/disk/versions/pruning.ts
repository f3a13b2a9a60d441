// Keeps the versions within their limits: deletes those that are too old, and the oldest while all together exceed
// their share of the disk. It runs in the background, a few files at a time, and removes directories that become empty.
import fs from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { comparePaths, nameOf, parentOf, type RelPath } from '../../core/path.js';
import type { Logger } from '../../log.js';
import type { PrunedVersions, VersionUsage } from '../../replica.js';
import type { OwnDirectory } from '../fs/own-directory.js';
import { momentOf } from './name.js';
import type { VersionRecords } from './records.js';
import { surveyVersions } from './survey.js';

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

const { lstat } = fs.promises;

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
  /** At the end of the last survey, plus what has come since; null before the first one. */
  #usage: VersionUsage | null = null;
  /** What has come during the survey that runs, by name. */
  #arrived = new Map<RelPath, number>();
  #most = Number.POSITIVE_INFINITY;

  constructor(options: PrunerOptions) {
    this.#options = options;
  }

  /** Schedules the first run; each run schedules the next. */
  start(): void {
    this.#schedule(FIRST_MS);
  }

  /** To be called after the version `name` of `bytes` was added. */
  grew(name: RelPath, bytes: number): void {
    if (this.#running !== null) this.#arrived.set(name, bytes);
    if (this.#usage === null) return;
    this.#usage = { files: this.#usage.files + 1, bytes: this.#usage.bytes + bytes };
    if (this.#usage.bytes > this.#most && this.#running === null) this.#schedule(SOON_MS);
  }

  /** @returns how much all versions take: counted at the first call, and kept up to date from then on. */
  async usage(): Promise<VersionUsage> {
    while (this.#usage === null && !this.#closed) {
      await (this.#running ?? this.#exclusively(async () => void (await this.#survey())));
    }
    return this.#usage ?? NOTHING;
  }

  /**
   * Removes the versions that are older than `olderMs` milliseconds, because a person wants it.
   * @param dryRun whether they are only counted.
   * @param moment milliseconds since 1970, instead of `olderMs`: so exactly what was counted is removed.
   * @returns what was removed, or would be, and up to which moment.
   */
  async removeOlder(olderMs: number, dryRun: boolean, moment?: number): Promise<PrunedVersions> {
    while (this.#running !== null) await this.#running;
    const before = moment ?? (this.#options.now ?? Date.now)() - olderMs;
    let removed = NOTHING;
    await this.#exclusively(async () => {
      const { files, directories } = await this.#survey();
      const old = files.filter(({ replaced }) => replaced <= before);
      removed = total(old);
      if (!dryRun) await this.#removeAll(old, files, directories);
    });
    return { ...removed, before };
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
    return (
      this.#running ??
      this.#exclusively(() => this.#run())
        .catch((error: Error) => this.#options.log.warn(`Old versions could not be removed: ${error.message}`))
        .finally(() => this.#schedule(EVERY_MS))
    );
  }

  /** Runs `work` while nothing else counts or removes versions. */
  #exclusively(work: () => Promise<void>): Promise<void> {
    const run = work().finally(() => {
      this.#running = null;
      this.#arrived.clear();
    });
    this.#running = run.catch(() => {});
    return run;
  }

  async #run(): Promise<void> {
    const { directory, limits, log, now = Date.now, statfs = fs.promises.statfs } = this.#options;
    const begun = now();
    directory.ensure();
    const { blocks, bsize } = await statfs(directory.path);
    this.#most = blocks * bsize * limits.share;
    const { files, directories } = await this.#survey();
    let left = total(files).bytes;
    const old = files.sort(oldestFirst).filter(({ replaced, size }) => {
      if (replaced >= begun - limits.keepMs && left <= this.#most) return false;
      left -= size;
      return true;
    });
    await this.#removeAll(old, files, directories);
    this.#forget(files, begun);
    if (old.length > 0) log.detail(`Removed the oldest versions, ${old.length} in number, below ${directory.path}`);
  }

  /** Removes `old` of all `files`, and the directories that become empty. It stops early where this is closed. */
  async #removeAll(old: readonly Kept[], files: readonly Kept[], directories: readonly RelPath[]): Promise<void> {
    const removed = new Set<Kept>();
    for (const kept of old) {
      if (this.#closed) break;
      this.#remove(kept);
      removed.add(kept);
      if (removed.size % FILES_AT_ONCE === 0) await nextTurn();
    }
    const left = files.filter((kept) => !removed.has(kept));
    this.#removeEmpty(directories, left);
  }

  /** Lists everything in versions/, parents first, and counts it. */
  async #survey(): Promise<{ files: Kept[]; directories: RelPath[] }> {
    const files: Kept[] = [];
    const directories: RelPath[] = [];
    this.#arrived.clear();
    for await (const { name: directory, files: names } of surveyVersions(this.#options.directory)) {
      if (this.#closed) break;
      if (directory !== '') directories.push(directory);
      for (let i = 0; i < names.length; i += FILES_AT_ONCE) {
        const some = await Promise.all(names.slice(i, i + FILES_AT_ONCE).map((name) => this.#kept(name)));
        for (const kept of some) if (kept !== null) files.push(kept);
      }
    }
    this.#count(files);
    return { files, directories };
  }

  /** What has come meanwhile may have been found or not. */
  #count(files: readonly Kept[]): void {
    if (this.#arrived.size > 0) for (const { name } of files) this.#arrived.delete(name);
    const { files: number, bytes } = total(files);
    const arrived = [...this.#arrived.values()].reduce((sum, size) => sum + size, 0);
    this.#usage = { files: number + this.#arrived.size, bytes: bytes + arrived };
  }

  /** @returns the file `name`; without a record or a time in its name, its ctime counts. */
  async #kept(name: RelPath): Promise<Kept | null> {
    const stats = await lstat(path.join(this.#options.directory.path, name)).catch(() => null);
    if (stats === null) return null;
    const replaced = this.#options.records.get(name)?.replaced ?? momentOf(nameOf(name))?.replaced ?? stats.ctimeMs;
    // A sparse file takes less space than its length.
    return { name, size: Math.min(stats.size, stats.blocks * BLOCK_BYTES), replaced };
  }

  #remove({ name, size }: Kept): void {
    this.#options.directory.use(name, (absolute) => fs.rmSync(absolute, { force: true }));
    this.#options.records.remove(name);
    const { files, bytes } = this.#usage ?? NOTHING;
    this.#usage = { files: Math.max(0, files - 1), bytes: Math.max(0, bytes - size) };
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

const NOTHING: VersionUsage = { files: 0, bytes: 0 };

const total = (kept: readonly Kept[]): VersionUsage => ({
  files: kept.length,
  bytes: kept.reduce((sum, { size }) => sum + size, 0),
});

function oldestFirst(x: Kept, y: Kept): number {
  const numberOf = ({ name }: Kept) => momentOf(nameOf(name))?.n ?? 0;
  return x.replaced - y.replaced || numberOf(x) - numberOf(y) || comparePaths(x.name, y.name);
}
