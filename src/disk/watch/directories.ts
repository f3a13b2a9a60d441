// The directories that are being watched, each known by what it is (device, inode, birth) and not only by its path. A
// directory that was moved, replaced, or removed and made anew under the same name is thereby found out, even where the
// file system hands out the same inode number again.
// Invariant: a directory that `isSame` affirms was read after its present watch was armed, or is about to be.
import type { Stats } from 'node:fs';
import type { RelPath } from '../../core/path.js';
import type { Watcher } from './watcher.js';

interface WatchedDirectory {
  /** 0: nothing known; only a step on the way to the places below. */
  ino: number;
  dev: number;
  birthMs: number;
  /** The watch may be on something else, or events may have been lost: to be read again. */
  doubted: boolean;
  settledAt: number;
  /** What the disk made of the permission bits that were asked for, where it could not hold them. */
  heldMode: number | null;
  readonly below: Map<string, WatchedDirectory>;
}

/** A birth this long ago cannot be mistaken for another one in the same tick of the file system's clock. */
const SURELY_OTHER_TICK_MS = 2000;

export class WatchedDirectories {
  readonly #top: WatchedDirectory = nowhere();
  /** Where each directory was last settled. May be out of date until `endLook`: what just moved is found by it. */
  readonly #byInode = new Map<number, RelPath | ''>();
  #retired: { ino: number; path: RelPath | '' }[] = [];
  readonly #watcher: Watcher;
  readonly #absolute: (path: RelPath | '') => string;

  constructor(watcher: Watcher, absolute: (path: RelPath | '') => string) {
    this.#watcher = watcher;
    this.#absolute = absolute;
  }

  /** @returns whether `stats` are those of the directory that is watched at `path`, and nothing speaks against it. */
  isSame(path: RelPath | '', stats: Stats): boolean {
    const place = this.#find(path);
    return place !== null && !place.doubted && isPlace(place, stats);
  }

  /**
   * Watches what is at `path`. The caller stats again afterwards and calls `settle` only if it is still the same.
   * @returns whether there is something to watch.
   */
  arm(path: RelPath | ''): boolean {
    const absolute = this.#absolute(path);
    // An old watch may be deaf or on another directory; the reading that follows makes up for the gap.
    this.#watcher.disarm(absolute);
    return this.#watcher.arm(absolute) !== 'failed';
  }

  /** Notes that `path` is the directory of `stats`; another one that was there is forgotten with all below it. */
  settle(path: RelPath | '', stats: Stats, now: number): void {
    const place = this.#make(path);
    if (place.ino !== 0 && !isPlace(place, stats)) this.#forget(path, place);
    Object.assign(place, {
      ino: stats.ino,
      dev: stats.dev,
      birthMs: stats.birthtimeMs,
      doubted: false,
      settledAt: now,
    });
    this.#byInode.set(stats.ino, path);
  }

  /** @returns where the directory of `stats` was settled before, if that is another path. */
  formerOf(path: RelPath | '', stats: Stats): RelPath | null {
    const former = this.#byInode.get(stats.ino);
    return former === undefined || former === '' || former === path ? null : former;
  }

  /** Has `path` and all below read again before they are trusted. */
  doubt(path: RelPath | ''): void {
    const place = this.#find(path);
    if (place !== null) doubtAll(place);
  }

  /**
   * As `doubt`, after an event of the directory itself, unless `stats` prove it needless: a directory born long before,
   * and watched for as long, is the one that it was.
   */
  doubtUnlessProven(path: RelPath | '', stats: Stats | null, now: number): void {
    const place = this.#find(path);
    if (place === null) return;
    const proven = stats !== null && isPlace(place, stats) && now - stats.birthtimeMs > SURELY_OTHER_TICK_MS;
    if (!proven || now - place.settledAt < SURELY_OTHER_TICK_MS) doubtAll(place);
  }

  /** Stops watching `path` and all below. */
  drop(path: RelPath | ''): void {
    const place = this.#find(path);
    if (place === null) return;
    this.#forget(path, place);
    this.#watcher.disarm(this.#absolute(path));
    if (path !== '') this.#find(parentPath(path))?.below.delete(path.slice(path.lastIndexOf('/') + 1));
  }

  heldMode(path: RelPath): number | null {
    return this.#find(path)?.heldMode ?? null;
  }

  holdMode(path: RelPath, mode: number | null): void {
    const place = this.#find(path);
    if (place !== null) place.heldMode = mode;
  }

  /** Lets go of what was kept only to recognise directories that moved within one look. */
  endScan(): void {
    for (const { ino, path } of this.#retired) {
      if (this.#byInode.get(ino) === path && this.#find(path)?.ino !== ino) this.#byInode.delete(ino);
    }
    this.#retired = [];
  }

  #forget(path: RelPath | '', place: WatchedDirectory): void {
    if (place.ino !== 0) this.#retired.push({ ino: place.ino, path });
    for (const [name, child] of place.below) {
      const below = (path === '' ? name : `${path}/${name}`) as RelPath;
      this.#forget(below, child);
      this.#watcher.disarm(this.#absolute(below));
    }
    Object.assign(place, { ino: 0, doubted: false, heldMode: null });
    place.below.clear();
  }

  #find(path: RelPath | ''): WatchedDirectory | null {
    if (path === '') return this.#top;
    let place: WatchedDirectory | undefined = this.#top;
    for (const name of path.split('/')) {
      place = place.below.get(name);
      if (place === undefined) return null;
    }
    return place;
  }

  #make(path: RelPath | ''): WatchedDirectory {
    let place = this.#top;
    if (path === '') return place;
    for (const name of path.split('/')) {
      let next = place.below.get(name);
      if (next === undefined) {
        next = nowhere();
        place.below.set(name, next);
      }
      place = next;
    }
    return place;
  }
}

function nowhere(): WatchedDirectory {
  return { ino: 0, dev: 0, birthMs: 0, doubted: false, settledAt: 0, heldMode: null, below: new Map() };
}

function isPlace(place: WatchedDirectory, stats: Stats): boolean {
  return (
    place.ino === stats.ino && place.dev === stats.dev && place.birthMs === stats.birthtimeMs && stats.isDirectory()
  );
}

function doubtAll(place: WatchedDirectory): void {
  place.doubted = true;
  for (const child of place.below.values()) doubtAll(child);
}

const parentPath = (path: RelPath): RelPath | '' => path.slice(0, Math.max(path.lastIndexOf('/'), 0)) as RelPath;
