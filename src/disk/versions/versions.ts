// The folder guarantees: every content that synchronisation or a client overwrites or deletes is first kept in
// ROOT/.lockstep/versions, as a plain file under its old path with the time in its name, so that people find it without
// Lockstep; it is deleted only by the limits of age and size, the oldest first.

import fs from 'node:fs';
import path from 'node:path';
import type { Reason } from '../../core/change.js';
import {
  joinPath,
  MAX_NAME_BYTES,
  MAX_PATH_BYTES,
  nameOf,
  parentOf,
  type RelPath,
  utf8Length,
} from '../../core/path.js';
import { holding, type Identity, isSameInode, swapped } from '../fs/inode.js';
import { linkOrCopy, moveWithoutReplacing, renameToFree } from '../fs/move.js';
import { GONE, type OwnDirectory } from '../fs/own-directory.js';
import { versionName } from './name.js';

/** Why a content is moved to versions/, and its hash. */
export interface VersionReason {
  readonly reason: Reason;
  /** The hash of the content; null where it is not known. */
  readonly hash: string | null;
}

/** The record of a version. If it is lost, the content is still there. */
export interface VersionRecord extends VersionReason {
  /** The path of the content before. */
  readonly of: RelPath;
  /** When it was moved to versions/, milliseconds since 1970. */
  readonly replaced: number;
}

/** The reasons by default. */
const OVERWRITTEN: VersionReason = { reason: 'overwritten', hash: null };
const DELETED: VersionReason = { reason: 'deleted', hash: null };

/** The versions of one root. */
export class Versions {
  readonly #directory: OwnDirectory;
  readonly #now: () => number;

  readonly #made = new Set<string>();
  /** Called with the name (path below versions/) and the record of each new version. */
  onKept: (name: RelPath, record: VersionRecord) => void = () => {};

  /**
   * @param directory ROOT/.lockstep/versions.
   * @param now milliseconds since 1970.
   */
  constructor(directory: OwnDirectory, now: () => number = Date.now) {
    this.#directory = directory;
    this.#now = now;
  }

  /**
   * Gives the content at `absolute` a second name in versions/, so that a rename may replace the first.
   * @param file the path of the content in its root.
   * @param expected its stats.
   * @returns the name of the version.
   * @throws the system's error where that fails; ESTALE where another file is at `absolute`. Then nothing may be
   *   overwritten.
   */
  keep(file: RelPath, absolute: string, expected: fs.Stats, reason: VersionReason = OVERWRITTEN): RelPath {
    return this.#place(file, reason, (name) => linkOrCopy(absolute, name, expected));
  }

  /**
   * Moves the content at `absolute` to versions/: a deletion that can be undone.
   * @param file the path of the content in its root.
   * @param expected its identity; another file is moved back.
   * @returns the name of the version.
   * @throws the system's error; ESTALE where another file is at `absolute`.
   */
  take(file: RelPath, absolute: string, expected: Identity, reason: VersionReason = DELETED): RelPath {
    return this.#place(file, reason, (name) => {
      renameToFree(absolute, name);
      if (!isSameInode(fs.lstatSync(name), expected)) throw putBack(name, absolute);
    });
  }

  /**
   * Gives the version `name` the permission bits that its file had before it was guarded.
   * @param old the identity of the file. The version is this inode, or a copy with a single hard link.
   */
  setMode(name: RelPath, mode: number, old: Identity): void {
    try {
      this.#directory.use(name, (absolute) =>
        holding(absolute, (inode) => {
          const { stats } = inode;
          if (stats.isFile() && (isSameInode(stats, old) || stats.nlink === 1)) inode.chmod(mode);
        }),
      );
    } catch {
      // The content is safe; missing permission bits do not make the step fail.
    }
  }

  /** Calls `put` with one name after the other until one is free. */
  #place(file: RelPath, reason: VersionReason, put: (absolute: string) => void): RelPath {
    const replaced = this.#now();
    const name = this.#placeAtFreeName(file, replaced, put);
    this.onKept(name, { of: file, replaced, ...reason });
    return name;
  }

  #placeAtFreeName(file: RelPath, replaced: number, put: (absolute: string) => void): RelPath {
    let parent = this.#directoryFor(parentOf(file));
    let remade = false;
    for (let n = 1; ; n++) {
      const name = joinPath(parent, versionName(nameOf(file), replaced, n));
      try {
        this.#directory.use(name, put);
        return name;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // Pruning or a person may have removed or replaced the directory; or the content itself is gone.
        if (GONE.has(code) && !remade && this.#made.delete(parent)) {
          remade = true;
          parent = this.#directoryFor(parentOf(file));
        } else if (code !== 'EEXIST') throw error;
      }
    }
  }

  /** @returns the directory for versions of files in `parent`, made if missing; the top one where it cannot be made. */
  #directoryFor(parent: RelPath | ''): RelPath | '' {
    if (this.#made.has(parent)) return parent;
    if (!madeBelow(this.#directory, parent)) return '';
    if (this.#made.size > 10_000) this.#made.clear();
    this.#made.add(parent);
    return parent;
  }
}

/**
 * Makes the directory `parent` below `directory`, with its parents.
 * @returns false where its path would be too long, or a file is in the way.
 */
export function madeBelow(directory: OwnDirectory, parent: RelPath | ''): boolean {
  return hasRoomBelow(path.join(directory.path, parent)) && directory.makeBelow(parent);
}

/** Whether a file with the longest possible name fits into the directory `absolute`. */
export const hasRoomBelow = (absolute: string): boolean => utf8Length(absolute) + 1 + MAX_NAME_BYTES <= MAX_PATH_BYTES;

/**
 * Moves a file that was swapped in back to its path, unless that is taken: then it stays a version. @returns the error
 * to throw.
 */
function putBack(name: string, absolute: string): Error {
  try {
    moveWithoutReplacing(name, absolute);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return swapped(absolute);
}
