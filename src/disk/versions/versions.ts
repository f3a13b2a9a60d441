// Earlier contents: whatever synchronisation or a client overwrites or deletes comes here first, as a whole plain file
// under its old path with the moment in its name, so that a person can find it without our program.

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

/** Why a content is put aside, and what it is. */
export interface VersionReason {
  readonly reason: Reason;
  /** The content's hash, null where it is not known. */
  readonly hash: string | null;
}

/** What is noted of a version besides its name; whoever loses the note still has the content. */
export interface VersionRecord extends VersionReason {
  /** The path that the content stood at. */
  readonly of: RelPath;
  /** When it was put aside, milliseconds since 1970. */
  readonly replaced: number;
}

/** What is said of the present content when nothing else is known. */
const OVERWRITTEN: VersionReason = { reason: 'overwritten', hash: null };
const DELETED: VersionReason = { reason: 'deleted', hash: null };

/** The versions of one root. */
export class Versions {
  readonly #directory: OwnDirectory;
  readonly #now: () => number;

  readonly #made = new Set<string>();
  /** Told the name below `directory` of every new version. */
  onKept: (name: RelPath, note: VersionRecord) => void = () => {};

  /**
   * @param directory ROOT/.lockstep/versions.
   * @param now milliseconds since 1970.
   */
  constructor(directory: OwnDirectory, now: () => number = Date.now) {
    this.#directory = directory;
    this.#now = now;
  }

  /**
   * Keeps the content at `absolute` under another name as well, so that a rename may replace it. The file itself stays.
   * @param expected the file that it is.
   * @returns the version's name.
   * @throws the system's error where that is impossible, ESTALE where another file stands there; then nothing may be
   *   overwritten.
   */
  keep(file: RelPath, absolute: string, expected: fs.Stats, reason: VersionReason = OVERWRITTEN): RelPath {
    return this.#place(file, reason, (name) => linkOrCopy(absolute, name, expected));
  }

  /**
   * Moves what stands at `absolute` here: a deletion that can be undone.
   * @param expected the file that it is; another one is put back.
   */
  take(file: RelPath, absolute: string, expected: Identity, reason: VersionReason = DELETED): RelPath {
    return this.#place(file, reason, (name) => {
      renameToFree(absolute, name);
      if (!isSameInode(fs.lstatSync(name), expected)) throw putBack(name, absolute);
    });
  }

  /**
   * Gives the version `name` the permission bits that its file really had, where guarding had taken some off.
   * @param old the file that it was; a copy of it has no other name.
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
      // The content is safe and the step that put it here is done: bits that stay off make no failure of it.
    }
  }

  /** Tries one free name after the other until `put` succeeds on it. */
  #place(file: RelPath, reason: VersionReason, put: (absolute: string) => void): RelPath {
    const replaced = this.#now();
    const name = this.#placed(file, replaced, put);
    this.onKept(name, { of: file, replaced, ...reason });
    return name;
  }

  #placed(file: RelPath, replaced: number, put: (absolute: string) => void): RelPath {
    let parent = this.#directoryFor(parentOf(file));
    let remade = false;
    for (let n = 1; ; n++) {
      const name = joinPath(parent, versionName(nameOf(file), replaced, n));
      try {
        this.#directory.use(name, put);
        return name;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // Pruning or a person may have removed the directory, or put something in its place; or there is nothing to keep.
        if (GONE.has(code) && !remade && this.#made.delete(parent)) {
          remade = true;
          parent = this.#directoryFor(parentOf(file));
        } else if (code !== 'EEXIST') throw error;
      }
    }
  }

  /** The directory for versions of files in `parent`, made if missing; the top one where that cannot be. */
  #directoryFor(parent: RelPath | ''): RelPath | '' {
    if (this.#made.has(parent)) return parent;
    if (!madeBelow(this.#directory, parent)) return '';
    if (this.#made.size > 10_000) this.#made.clear();
    this.#made.add(parent);
    return parent;
  }
}

/**
 * Makes the directory `parent` below `directory`, and those above it.
 * @returns false where it would leave no room for names, or where a file stands in the way.
 */
export function madeBelow(directory: OwnDirectory, parent: RelPath | ''): boolean {
  return hasRoomBelow(path.join(directory.path, parent)) && directory.makeBelow(parent);
}

/** Whether a file of any name can have its place in the directory `absolute`. */
export const hasRoomBelow = (absolute: string): boolean => utf8Length(absolute) + 1 + MAX_NAME_BYTES <= MAX_PATH_BYTES;

/** What was swapped in gets its name back, unless that is taken: then it is a version. @returns the error to throw. */
function putBack(name: string, absolute: string): Error {
  try {
    moveWithoutReplacing(name, absolute);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return swapped(absolute);
}
