// An open inode: a change of mode or time reaches the inode that was opened, even if its path is replaced by a link
// meanwhile. On Linux it is opened with O_PATH, which needs no permission on the file, opens no device and does not
// block on a pipe; its path in /proc/self/fd leads to the inode whatever its path is by now. Elsewhere it is opened for
// reading, or for writing where it is not readable; a link cannot be opened there and is accessed by its path.

import fs from 'node:fs';
import { fsyncSync } from './flush.js';
import { setTime, type Timed } from './set-time.js';
import { microseconds, modeOf } from './signature.js';

const { O_RDONLY, O_WRONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
const throughProc = process.platform === 'linux';
/** Linux's O_PATH, for which Node has no constant. */
const O_PATH = 0x200000;

/** Identifies a file among all that exist at the same time. */
export type Identity = Pick<fs.Stats, 'dev' | 'ino'>;

export const isSameInode = (x: Identity, y: Identity): boolean => x.ino === y.ino && x.dev === y.dev;

/** Whether nobody has written to the file, or changed its times, between two looks at it. Other bits do not matter. */
export const isAsItWas = (x: fs.Stats, y: fs.Stats): boolean =>
  isSameInode(x, y) && x.size === y.size && x.mtimeMs === y.mtimeMs;

/** @returns the error for a path that leads to another file than the decision saw: it must be scanned again. */
export const swapped = (absolute: string): Error =>
  Object.assign(new Error(`${absolute} is another file now`), { code: 'ESTALE' });

/** An open inode of any type. The owner must close it. */
export class Inode implements Timed {
  readonly #fd: number | null;
  readonly #absolute: string;

  #mode: number;

  private constructor(
    fd: number | null,
    absolute: string,
    /** Its stats when it was opened. */
    readonly stats: fs.Stats,
  ) {
    this.#fd = fd;
    this.#absolute = absolute;

    this.#mode = modeOf(stats);
  }

  /**
   * Opens what is at `absolute`; a link as its last name is not followed.
   * @throws the system's error.
   */
  static at(absolute: string): Inode {
    const fd = openAt(absolute);
    return new Inode(fd, absolute, fd === null ? fs.lstatSync(absolute) : fs.fstatSync(fd));
  }

  /** A path that leads to this inode while it is open; without /proc, the path by which it was opened. */
  get path(): string {
    return throughProc ? `/proc/self/fd/${this.#fd}` : this.#absolute;
  }

  /** @returns its present stats. */
  now(): fs.Stats {
    return this.#fd === null ? fs.lstatSync(this.#absolute) : fs.fstatSync(this.#fd);
  }

  /** Sets the permission bits, where they differ. */
  chmod(mode: number): void {
    if (this.#mode === mode) return;
    if (throughProc) fs.chmodSync(this.path, mode);
    else if (this.#fd !== null) fs.fchmodSync(this.#fd, mode);
    this.#mode = mode;
  }

  /** Sets the modification time, where it differs; of a link that of the link. @param mtime microseconds since 1970. */
  setTime(mtime: number): void {
    if (microseconds(this.stats.mtimeMs) !== mtime) setTime(this, mtime);
  }

  setSeconds(seconds: number): void {
    if (throughProc) fs.utimesSync(this.path, seconds, seconds);
    else if (this.#fd !== null) fs.futimesSync(this.#fd, seconds, seconds);
    else fs.lutimesSync(this.#absolute, seconds, seconds);
  }

  /**
   * Makes mode and time durable. What this user may not read cannot be flushed; the system writes it within seconds.
   * @throws the system's error where the disk fails.
   */
  flush(): void {
    if (!throughProc) {
      if (this.#fd !== null) fsyncSync(this.#fd);
      return;
    }
    const fd = openReadable(this.path, 0);
    if (fd === null) return;
    try {
      fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  }

  close(): void {
    if (this.#fd !== null) fs.closeSync(this.#fd);
  }
}

/** @returns null for a link, outside Linux. */
function openAt(absolute: string): number | null {
  if (throughProc) return fs.openSync(absolute, O_PATH | O_NOFOLLOW);
  for (const access of [O_RDONLY, O_WRONLY]) {
    try {
      return fs.openSync(absolute, access | O_NOFOLLOW | O_NONBLOCK);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ELOOP' || code === 'EMLINK') return null;
      if (code !== 'EACCES' || access === O_WRONLY) throw error;
    }
  }
  return null;
}

/** Opens what is at `absolute`, no link, for a flush. @returns null where this user may not read it. */
export function openReadable(absolute: string, flags = O_NOFOLLOW): number | null {
  try {
    return fs.openSync(absolute, O_RDONLY | O_NONBLOCK | flags);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return null;
    throw error;
  }
}

/** Opens what is at `absolute` while `act` runs. @throws the system's error, and what `act` throws. */
export function holding<T>(absolute: string, act: (inode: Inode) => T): T {
  const inode = Inode.at(absolute);
  try {
    return act(inode);
  } finally {
    inode.close();
  }
}

/**
 * Sets the modification time of the link at `absolute`.
 * @param mtime microseconds since 1970.
 * @returns its present stats.
 * @throws ESTALE where no link is there.
 */
export const setLinkTime = (absolute: string, mtime: number): fs.Stats =>
  holding(absolute, (inode) => {
    if (!inode.stats.isSymbolicLink()) throw swapped(absolute);
    inode.setTime(mtime);
    return inode.now();
  });
