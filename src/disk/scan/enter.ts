// Enters directories: each is first watched, then identified by its inode, then read. Here a moved directory is
// recognised, and an unreadable directory is kept apart from an empty one.
import type { Stats } from 'node:fs';
import { SyncError } from '../../core/errors.js';
import type { RelPath } from '../../core/path.js';
import { systemTrouble } from '../../core/system-error.js';
import { readingError } from '../fs/readable.js';
import { isKnownDir, lstatAt, type ScanContext, statsAt } from './context.js';
import { isGone, type WalkHost, walkDirectories } from './walk.js';

/** The names in one directory. */
export interface Listing {
  readonly path: RelPath | '';
  readonly names: readonly string[];
}

/** What was found out about directories while they were entered. */
export interface Entered {
  /** Old paths of directories that were moved. */
  readonly left: Set<RelPath>;
  /** New path → old path of the same directories. */
  readonly former: Map<RelPath, RelPath>;
  /** Directories whose content is unknown. */
  readonly unreadable: Set<RelPath>;
  /** Paths that changed while they were scanned; they must be scanned again. */
  readonly again: Set<RelPath | ''>;
}

/** Reads `from` and directories below it: all of them (`everything`), or only those that are not known yet. */
export class Entrance implements WalkHost {
  readonly #context: ScanContext;
  readonly #entered: Entered;
  readonly #from: RelPath | '';
  readonly #everything: boolean;
  readonly #listings: Listing[] = [];
  #rootError: NodeJS.ErrnoException | null = null;

  constructor(context: ScanContext, entered: Entered, from: RelPath | '', everything: boolean) {
    this.#context = context;
    this.#entered = entered;
    this.#from = from;
    this.#everything = everything;
  }

  /**
   * @returns the listings of all directories that were read, parents before children.
   * @throws SyncError `failed` where the root itself could not be read: it must not be taken for an empty one.
   */
  async listings(): Promise<readonly Listing[]> {
    await walkDirectories(this.#from, this);
    if (this.#from === '' && this.#listings[0]?.path !== '') {
      const why = this.#rootError === null ? 'it changed meanwhile' : describe(this.#rootError);
      throw new SyncError('failed', `${this.#context.root.path} could not be read: ${why}.`, {
        cause: this.#rootError,
      });
    }
    return this.#listings;
  }

  absolute(path: RelPath | ''): string {
    return this.#context.absolute(path);
  }

  enters(path: RelPath | ''): boolean {
    const { problems } = this.#context;
    const stats = statsAt(this.absolute(path));
    if (stats === null || !stats.isDirectory()) return this.#again(path);
    if (!this.#everything && path !== this.#from && isKnownDir(this.#context, path, stats)) return false;
    if (!this.#isWatched(path, stats) && !this.#settle(path, stats)) return this.#again(path);
    problems.clearNames(path);
    if (path !== '') problems.clear(path);
    const error = readingError(this.absolute(path), stats);
    if (error === null) return true;
    if (isGone(error)) return this.#again(path);
    this.unreadable(path, error);
    return false;
  }

  ignores(path: RelPath, isDir: boolean): boolean {
    return this.#context.rules.matches(path, isDir);
  }

  hasOwnerFiles(path: RelPath | ''): void {
    this.#context.ownerFiles?.noticed(path);
  }

  listed(path: RelPath | '', names: readonly string[]): void {
    this.#listings.push({ path, names });
  }

  unreadable(path: RelPath | '', error: NodeJS.ErrnoException): void {
    if (path === '') {
      this.#rootError = error;
      return;
    }
    this.#entered.unreadable.add(path);
    // Hints of what is below it lead nowhere until it can be read; then all of that must be read, too.
    this.#context.directories.doubt(path);
    this.#context.problems.add(path, 'unreadable', `The directory ${path} cannot be read: ${describe(error)}.`);
  }

  vanished(path: RelPath | ''): void {
    this.#again(path);
  }

  badName(dir: RelPath | '', shown: string, why: string): void {
    this.#context.problems.addBadName(dir, shown, why);
  }

  /** Whatever is recorded of the directory at `path`, it was not read. */
  #again(path: RelPath | ''): false {
    this.#context.directories.doubt(path);
    this.#entered.again.add(path);
    return false;
  }

  /** A directory with a problem could not be read, so it is not watched either. */
  #isWatched(path: RelPath | '', stats: Stats): boolean {
    return this.#context.directories.isSame(path, stats) && !(path !== '' && this.#context.problems.has(path));
  }

  /**
   * Watches a directory that is new, moved or replaced.
   * RACE: another directory may take its path before the watch is armed. @returns false in that case.
   */
  #settle(path: RelPath | '', stats: Stats): boolean {
    const { directories, now } = this.#context;
    const former = this.#formerOf(path, stats);
    if (former !== null) directories.leave(former, stats);
    const isWatched = directories.arm(path);
    const armed = statsAt(this.absolute(path));
    if (!armed?.isDirectory() || armed.ino !== stats.ino || armed.birthtimeMs !== stats.birthtimeMs) return false;
    // It was gone for that one call only. What cannot be read is not watched either.
    if (!isWatched && readingError(this.absolute(path), armed) === null) return false;
    if (former !== null && path !== '') this.#recognise(path, former);
    directories.settle(path, armed, now());
    return true;
  }

  /** @returns the old path of the directory at `path`, if it was moved here. */
  #formerOf(path: RelPath | '', stats: Stats): RelPath | null {
    const former = this.#context.directories.formerOf(path, stats);
    if (former === null) return null;
    const there = lstatAt(this.absolute(former));
    // The same inode at both paths is a bind mount, not a move.
    return there instanceof Error || there?.ino === stats.ino ? null : former;
  }

  #recognise(path: RelPath, former: RelPath): void {
    if (this.#context.snapshot.get(former)?.type !== 'dir') return;
    this.#entered.former.set(path, former);
    this.#entered.left.add(former);
  }
}

/** @returns the reason of a system error in words. */
export const describe = (error: NodeJS.ErrnoException): string => systemTrouble(error).why;
