// The watched directories, each identified by device, inode and birth time and not only by its path. So a directory
// that was moved, replaced, or removed and made again under the same path is recognised, even if its inode number is
// reused.
// Invariant: where `isSame` is true, the directory was read after its present watch was armed, or is about to be.
import type { Stats } from 'node:fs';
import { nameOf, parentOf, type RelPath } from '../../core/path.js';
import type { Watcher } from './watcher.js';

interface WatchedDirectory {
  /** 0: not watched; only an inner node of the tree. */
  ino: number;
  dev: number;
  birthMs: number;
  /** Whether the watch may be on another directory, or events may be lost: it must be read again. */
  doubted: boolean;
  settledAt: number;
  /** The permission bits on disk, where they are not those that were set, because the disk cannot hold these. */
  heldMode: number | null;
  readonly below: Map<string, WatchedDirectory>;
}

/** Two directories born this far apart cannot have the same birth time, however coarse the clock of the file system. */
const CLOCK_STEP_MS = 2000;

/** The watched directories of one root. */
export class WatchedDirectories {
  readonly #top: WatchedDirectory = unwatchedNode();
  /** Inode → last known path. Keeps old paths until `endScan`, so that a move is recognised. */
  readonly #byInode = new Map<number, RelPath | ''>();
  #dropped: { ino: number; path: RelPath | '' }[] = [];
  /** How many looks at the tree go on, or have ended while events of that time may still come. */
  #looks = 0;
  readonly #watcher: Watcher;
  readonly #absolute: (path: RelPath | '') => string;

  constructor(watcher: Watcher, absolute: (path: RelPath | '') => string) {
    this.#watcher = watcher;
    this.#absolute = absolute;
  }

  /** @returns whether `stats` are those of the directory that is watched at `path`, and the watch is not in doubt. */
  isSame(path: RelPath | '', stats: Stats): boolean {
    const directory = this.#find(path);
    return directory !== null && !directory.doubted && isIdentical(directory, stats);
  }

  /**
   * Watches the directory at `path`. The caller then runs lstat again, and calls `settle` if it is still the same
   * directory.
   * @returns whether there is a directory to watch.
   */
  arm(path: RelPath | ''): boolean {
    const absolute = this.#absolute(path);
    // An old watch may be dead or on another directory. The directory is read afterwards, which covers the gap.
    this.#watcher.disarm(absolute);
    return this.#watcher.arm(absolute) !== 'failed';
  }

  /** Records that `path` is the directory with `stats`; drops another one that was there, with everything below it. */
  settle(path: RelPath | '', stats: Stats, now: number): void {
    const directory = this.#make(path);
    if (directory.ino !== 0 && !isIdentical(directory, stats)) this.#forget(path, directory);
    Object.assign(directory, {
      ino: stats.ino,
      dev: stats.dev,
      birthMs: stats.birthtimeMs,
      doubted: false,
      settledAt: now,
    });
    this.#byInode.set(stats.ino, path);
  }

  /** @returns the previous path of the directory with `stats`; null where it had no other. */
  formerOf(path: RelPath | '', stats: Stats): RelPath | null {
    const former = this.#byInode.get(stats.ino);
    return former === undefined || former === '' || former === path ? null : former;
  }

  /**
   * Ends the watch of the directory with `stats` at its old path. Two watches of one inode would share its events, and
   * those of the move itself would put the directory in doubt at its new path.
   */
  leave(former: RelPath, stats: Stats): void {
    const directory = this.#find(former);
    if (directory === null || !isIdentical(directory, stats)) return;
    this.#watcher.disarm(this.#absolute(former));
    directory.doubted = true;
  }

  /** Marks `path` and everything below as in doubt: they must be read again. */
  doubt(path: RelPath | ''): void {
    const directory = this.#find(path);
    if (directory !== null) doubtAll(directory);
  }

  /**
   * As `doubt`, after an event of the directory itself, unless `stats` prove that nothing was missed: it has the same
   * identity, was born and watched long enough before, and nobody looked at the tree while it may have been away.
   */
  doubtUnlessProven(path: RelPath | '', stats: Stats | null, now: number): void {
    const directory = this.#find(path);
    if (directory === null) return;
    const proven = stats !== null && isIdentical(directory, stats) && now - stats.birthtimeMs > CLOCK_STEP_MS;
    if (!proven || this.#looks > 0 || now - directory.settledAt < CLOCK_STEP_MS) doubtAll(directory);
  }

  /** To be called before a scan or a check of hints looks at the tree. */
  beginLook(): void {
    this.#looks++;
  }

  endLook(): void {
    this.#watcher.afterEvents(() => this.#looks--);
  }

  /** Stops watching `path` and everything below. */
  drop(path: RelPath | ''): void {
    const directory = this.#find(path);
    if (directory === null) return;
    this.#forget(path, directory);
    this.#watcher.disarm(this.#absolute(path));
    if (path !== '') this.#find(parentOf(path))?.below.delete(nameOf(path));
  }

  heldMode(path: RelPath): number | null {
    return this.#find(path)?.heldMode ?? null;
  }

  holdMode(path: RelPath, mode: number | null): void {
    const directory = this.#find(path);
    if (directory !== null) directory.heldMode = mode;
  }

  /** Drops what was kept only to recognise moves within one scan. */
  endScan(): void {
    for (const { ino, path } of this.#dropped) {
      if (this.#byInode.get(ino) === path && this.#find(path)?.ino !== ino) this.#byInode.delete(ino);
    }
    this.#dropped = [];
  }

  #forget(path: RelPath | '', directory: WatchedDirectory): void {
    if (directory.ino !== 0) this.#dropped.push({ ino: directory.ino, path });
    for (const [name, child] of directory.below) {
      const below = (path === '' ? name : `${path}/${name}`) as RelPath;
      this.#forget(below, child);
      this.#watcher.disarm(this.#absolute(below));
    }
    Object.assign(directory, { ino: 0, doubted: false, heldMode: null });
    directory.below.clear();
  }

  #find(path: RelPath | ''): WatchedDirectory | null {
    if (path === '') return this.#top;
    let directory: WatchedDirectory | undefined = this.#top;
    for (const name of path.split('/')) {
      directory = directory.below.get(name);
      if (directory === undefined) return null;
    }
    return directory;
  }

  #make(path: RelPath | ''): WatchedDirectory {
    let directory = this.#top;
    if (path === '') return directory;
    for (const name of path.split('/')) {
      let next = directory.below.get(name);
      if (next === undefined) {
        next = unwatchedNode();
        directory.below.set(name, next);
      }
      directory = next;
    }
    return directory;
  }
}

function unwatchedNode(): WatchedDirectory {
  return { ino: 0, dev: 0, birthMs: 0, doubted: false, settledAt: 0, heldMode: null, below: new Map() };
}

function isIdentical(directory: WatchedDirectory, stats: Stats): boolean {
  return (
    directory.ino === stats.ino &&
    directory.dev === stats.dev &&
    directory.birthMs === stats.birthtimeMs &&
    stats.isDirectory()
  );
}

function doubtAll(directory: WatchedDirectory): void {
  directory.doubted = true;
  for (const child of directory.below.values()) doubtAll(child);
}
