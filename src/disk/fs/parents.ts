// Directories opened for writing in, each reached from the root without following a link. On Linux every path below is
// spelled through /proc/self/fd, so a directory that somebody swaps for a link in mid-apply cannot lead a write outside
// (openat by other means; rsync's CVE-2024-12087 was that race), and one that is open is asked for its present path
// before each use, so that neither does one that was moved away. Elsewhere the real path of the parent is compared.
import fs from 'node:fs';
import path from 'node:path';
import type { RelPath } from '../../core/path.js';
import { isSameInode, swapped } from './inode.js';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = fs.constants;
const throughProc = process.platform === 'linux';
/** Open directories kept at once; well below any limit of open files. */
const MAX_OPEN = 64;

/** A short-lived set of open directories: open it for a group of writes, close it after. */
export class Parents {
  readonly #most: number;

  readonly #open = new Map<string, number>();
  /** Directories found elsewhere; a spelling may still be in use, so they are closed with the others. */
  #moved: number[] = [];
  readonly #root: string;
  readonly #rootFd: number;

  /**
   * @param root the root, or the absolute real path of a directory.
   * @param most how many directories may be open at once.
   * @throws the system's error, ESTALE where another directory stands there than the root that is meant.
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
   * @returns a spelling of `name` in it that no link can divert.
   * @throws the system's ENOENT, ENOTDIR or ELOOP where `directory` is no real directory any more.
   */
  at(directory: RelPath | '', name: string): string {
    if (throughProc) return `/proc/self/fd/${this.#fdOf(directory)}/${name}`;
    const parent = path.join(this.#root, directory);
    if (fs.realpathSync(parent) !== parent) throw Object.assign(new Error('a link is in the way'), { code: 'ELOOP' });
    return path.join(parent, name);
  }

  /** Makes the names in `directory` durable. */
  async sync(directory: RelPath | ''): Promise<void> {
    const fd = this.#fdOf(directory);
    await new Promise<void>((resolve, reject) => fs.fsync(fd, (error) => (error ? reject(error) : resolve())));
  }

  #fdOf(directory: RelPath | ''): number {
    if (directory === '') return this.#rootFd;
    const known = this.#open.get(directory);
    if (known !== undefined) {
      if (!throughProc || this.#isInPlace(known, directory)) return known;
      this.#open.delete(directory);
      this.#moved.push(known);
    }
    const slash = directory.lastIndexOf('/');
    const parent = this.#fdOf((slash < 0 ? '' : directory.slice(0, slash)) as RelPath | '');
    const base = throughProc ? `/proc/self/fd/${parent}` : path.join(this.#root, path.dirname(directory));
    const fd = fs.openSync(`${base}/${directory.slice(slash + 1)}`, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    this.#open.set(directory, fd);
    return fd;
  }

  #isInPlace(fd: number, directory: RelPath): boolean {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`) === path.join(this.#root, directory);
    } catch {
      return false; // a path too long for the system to say: opened anew each time
    }
  }

  /** Forgets what was open, so that directories that moved meanwhile are found anew; called between groups. */
  refresh(): void {
    for (const fd of [...this.#open.values(), ...this.#moved]) fs.closeSync(fd);
    this.#open.clear();
    this.#moved = [];
  }

  /** Keeps the number of open directories bounded; only between two steps, never while a spelling is in use. */
  trim(): void {
    if (this.#open.size + this.#moved.length > this.#most) this.refresh();
  }

  close(): void {
    this.refresh();
    fs.closeSync(this.#rootFd);
  }
}

/** A directory that is kept in sync, known by what it is and not only by its name. */
export interface Root {
  /** Absolute, with every link resolved. */
  readonly path: string;
  readonly dev: number;
  readonly ino: number;
  /** The id that it bears, where it has one: a system may give the number of a removed directory to a new one. */
  readonly id?: string;
}
