// The folder guarantees: the file system is accessed by descriptor, so that a path that somebody replaces by a link
// meanwhile never leads a read or a write to another file, and a file is read in one state or not at all.
//
// This file opens directories, each reached from the root without following a link. On Linux every path below is built
// on /proc/self/fd, which serves as openat: a directory that is replaced by a link during an apply cannot lead a write
// to the outside (rsync's CVE-2024-12087 was that race). The present path of an open directory is checked before each
// use, so that one that was moved away does not either. Elsewhere the real path of the parent is compared.

import fs from 'node:fs';
import path from 'node:path';
import { nameOf, parentOf, type RelPath } from '../../core/path.js';
import { fsync, fsyncSync } from './flush.js';
import { isSameInode, openReadable, swapped } from './inode.js';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = fs.constants;
const throughProc = process.platform === 'linux';
/** The errors of a directory that is not there, or no directory any more. */
const GONE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);
/** How many directories are kept open at once; well below any limit of open files. */
const MAX_OPEN = 64;

/** A short-lived set of open directories: open it for a group of writes, close it after. */
export class Parents {
  readonly #most: number;

  readonly #open = new Map<string, number>();
  /** While `together` runs: the directories that were found in their place. */
  #inPlace: Set<string> | null = null;
  /** Directories that were moved; a path through them may still be in use, so they are closed with the others. */
  #moved: number[] = [];
  readonly #root: string;
  readonly #rootFd: number;

  /**
   * @param root the root, or the absolute real path of a directory.
   * @param most how many directories may be open at once.
   * @throws the system's error; ESTALE where another directory is at the path of the root.
   */
  constructor(root: string | Root, most = MAX_OPEN) {
    this.#most = most;

    this.#root = typeof root === 'string' ? root : root.path;
    this.#rootFd = fs.openSync(this.#root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (typeof root === 'string' || isSameInode(fs.fstatSync(this.#rootFd), root)) return;
    fs.closeSync(this.#rootFd);
    throw swapped(this.#root);
  }

  /**
   * @param directory a directory of the tree, `''` for the root.
   * @returns an absolute path of `name` in it that no link can redirect.
   * @throws the system's ENOENT, ENOTDIR or ELOOP where `directory` is not a real directory any more.
   */
  at(directory: RelPath | '', name: string): string {
    if (throughProc) return `/proc/self/fd/${this.#fdOf(directory)}/${name}`;
    const parent = path.join(this.#root, directory);
    if (fs.realpathSync(parent) !== parent) throw Object.assign(new Error('a link is in the way'), { code: 'ELOOP' });
    return path.join(parent, name);
  }

  /**
   * Flushes, at once, the names in each directory above `path`: also a power cut does not bring back what is gone there.
   * @throws the system's error where the disk fails.
   */
  syncAbove(path: RelPath): void {
    for (
      let above: RelPath | '' | null = parentOf(path);
      above !== null;
      above = above === '' ? null : parentOf(above)
    ) {
      try {
        fsyncSync(this.#fdOf(above));
      } catch (error) {
        // A directory that is gone, too, has no names.
        if (!GONE.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
      }
    }
  }

  /** Flushes the names in `directory`. */
  async sync(directory: RelPath | ''): Promise<void> {
    await fsync(this.#fdOf(directory));
  }

  /**
   * Flushes mode and time of the file or directory at `path`: the flush of the directory above need not include them.
   * What this user may not read cannot be flushed; the system writes it within seconds.
   */
  async syncInode(path: RelPath): Promise<void> {
    const fd = openReadable(this.at(parentOf(path), nameOf(path)));
    if (fd === null) return;
    try {
      await fsync(fd);
    } finally {
      fs.closeSync(fd);
    }
  }

  /**
   * Runs `act`, in which the place of each directory is checked at its first use only. A directory that is moved away after
   * that is still written to, as one that is moved away after the last write would take along what was written; links are
   * followed as little as ever. For a few milliseconds of work in one go.
   */
  together<T>(act: () => T): T {
    this.#inPlace = new Set();
    try {
      return act();
    } finally {
      this.#inPlace = null;
    }
  }

  #fdOf(directory: RelPath | ''): number {
    if (directory === '') return this.#rootFd;
    const known = this.#open.get(directory);
    if (known !== undefined) {
      if (!throughProc || this.#inPlace?.has(directory)) return known;
      if (this.#isInPlace(known, directory)) {
        this.#inPlace?.add(directory);
        return known;
      }
      this.#open.delete(directory);
      this.#moved.push(known);
    }
    const slash = directory.lastIndexOf('/');
    const parent = this.#fdOf((slash < 0 ? '' : directory.slice(0, slash)) as RelPath | '');
    const base = throughProc ? `/proc/self/fd/${parent}` : path.join(this.#root, path.dirname(directory));
    const fd = fs.openSync(`${base}/${directory.slice(slash + 1)}`, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    this.#open.set(directory, fd);
    this.#inPlace?.add(directory);
    return fd;
  }

  #isInPlace(fd: number, directory: RelPath): boolean {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`) === path.join(this.#root, directory);
    } catch {
      return false; // the path is too long for readlink: open it again each time
    }
  }

  /**
   * Closes all but the root, so that directories that were moved are found again. To be called between groups of
   * writes.
   */
  refresh(): void {
    for (const fd of [...this.#open.values(), ...this.#moved]) fs.closeSync(fd);
    this.#open.clear();
    this.#inPlace?.clear();
    this.#moved = [];
  }

  /** Limits the number of open directories. To be called between two steps, never while a path from `at` is in use. */
  trim(): void {
    if (this.#open.size + this.#moved.length > this.#most) this.refresh();
  }

  close(): void {
    this.refresh();
    fs.closeSync(this.#rootFd);
  }
}

/** A directory that is synchronised, identified by its inode and not only by its path. */
export interface Root {
  /** Absolute real path. */
  readonly path: string;
  readonly dev: number;
  readonly ino: number;
  /** Its id, where it has one: the system may reuse the inode number of a removed directory. */
  readonly id?: string;
}
