// One of Lockstep's own directories in ROOT/.lockstep. It is reached from the root without following a link. If it is
// gone, or replaced by a file or a link, it is made again at once and that is reported. An error with its cause here is
// an OwnDirectoryError: scanning the user's files again would not help.

import fs from 'node:fs';
import path from 'node:path';
import { type ProblemCode, SyncError } from '../../core/errors.js';
import { joinPath, nameOf, parentOf, type RelPath, STATE_DIR } from '../../core/path.js';
import { systemTrouble } from '../../core/system-error.js';
import { fsyncSync } from './flush.js';
import { Parents } from './parents.js';
import { setAside } from './whole-file.js';

const MODE = 0o700;
/** How many directories below an own directory are kept open at once. */
const MAX_OPEN = 8;
/** The errors of a path where it, or a directory above it, is missing or is no directory. */
export const GONE: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);
/** The errors of a directory that is not writable. */
const REFUSED: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'EROFS']);

/** Receives reports about directories that had to be made again. */
interface Repairs {
  note(name: string, code: ProblemCode, message: string): void;
}

/** An own directory cannot be used. */
export class OwnDirectoryError extends SyncError {
  readonly problem: { readonly code: ProblemCode; readonly message: string };

  constructor(directory: string, cause: unknown) {
    const { code, why, advice } = systemTrouble(cause);
    const what = advice === '' ? '' : `${advice} there, `;
    const message = `Lockstep cannot write in its own directory ${directory}: ${why}; ${what}it is tried again.`;
    super('failed', message, { hint: `See what is wrong with ${directory}.`, cause });
    this.problem = { code, message };
  }
}

/** One own directory. */
export class OwnDirectory {
  readonly #root: string;
  readonly #repairs: Repairs;
  #isKnown: boolean;

  #parents: Parents | null = null;
  readonly #name: RelPath;

  /**
   * @param root the absolute real path of the root.
   * @param name its path below `root`, for example `.lockstep/staging`.
   * @param repairs receives reports.
   * @param isKnown whether it existed before: then its absence is reported.
   */
  constructor(root: string, name: string, repairs: Repairs = { note: () => {} }, isKnown = false) {
    this.#root = root;
    this.#repairs = repairs;
    this.#isKnown = isKnown;

    this.#name = name as RelPath;
  }

  /** Its absolute path, for messages and listings. */
  get path(): string {
    return path.join(this.#root, this.#name);
  }

  /**
   * Calls `act` with the path of `name` in this directory.
   * @param act receives a path that no link can redirect, valid while `act` runs. It may be called twice.
   * @throws what `act` throws; OwnDirectoryError where this directory is the cause.
   */
  use<T>(name: string, act: (absolute: string) => T): T {
    try {
      return act(this.#spell(name));
    } catch (error) {
      if (!this.#repair(error, parentOf(name as RelPath))) throw error;
    }
    return act(this.#spell(name));
  }

  /** @returns a path as `use` gives it, valid until the next call of a method. @throws as `use`. */
  spelling(name: string): string {
    return this.use(name, (absolute) => absolute);
  }

  /** Runs `act`, in which the place of this directory is checked once; see `Parents.together`. */
  together<T>(act: () => T): T {
    return this.#parents === null ? act() : this.#parents.together(act);
  }

  /** @returns paths that stay valid until `close`. */
  open(): { at(name: string): string; close(): void } {
    this.ensure();
    const parents = new Parents(this.#root);
    return {
      at: (name) => parents.at(this.#placeOf(parentOf(name as RelPath)), nameOf(name as RelPath)),
      close: () => parents.close(),
    };
  }

  /** Makes the directory if it is missing, or writable if it is not. @throws OwnDirectoryError. */
  ensure(): void {
    try {
      fs.accessSync(this.#spell('.'), fs.constants.W_OK | fs.constants.X_OK);
      this.#isKnown = true;
    } catch (error) {
      if (!this.#repair(error, '')) throw new OwnDirectoryError(this.path, error);
    }
  }

  /**
   * Makes the directory `below` in it, with its parents.
   * @returns false where a file is in the way.
   */
  makeBelow(below: RelPath | ''): boolean {
    if (below === '') return true;
    try {
      this.use(below, (absolute) => fs.mkdirSync(absolute, { mode: MODE }));
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') return this.#isDirectory(below);
      if (code === 'ENOTDIR' || code === 'ELOOP') return false;
      if (code !== 'ENOENT' || !this.makeBelow(parentOf(below))) throw error;
    }
    return this.makeBelow(below);
  }

  /** Flushes the names in its directory `below`. */
  syncBelow(below: string): void {
    const fd = this.use(joinPath(below as RelPath | '', '.'), (absolute) => fs.openSync(absolute, 'r'));
    try {
      fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  }

  #isDirectory(below: RelPath): boolean {
    return this.use(below, (absolute) => fs.lstatSync(absolute).isDirectory());
  }

  #spell(name: string): string {
    this.#parents ??= new Parents(this.#root, MAX_OPEN);
    this.#parents.trim();
    return this.#parents.at(this.#placeOf(parentOf(name as RelPath)), nameOf(name as RelPath));
  }

  #placeOf(below: RelPath | ''): RelPath {
    return below === '' ? this.#name : joinPath(this.#name, below);
  }

  /** @returns whether this directory was the cause of `error` and is repaired. @throws OwnDirectoryError. */
  #repair(error: unknown, below: RelPath | ''): boolean {
    const { code } = error as NodeJS.ErrnoException;
    if (!GONE.has(code) && !REFUSED.has(code)) return false;
    try {
      return GONE.has(code) ? this.#makeAgain() : this.#makeWritable(below);
    } catch (cause) {
      throw new OwnDirectoryError(this.path, cause);
    }
  }

  /** @returns whether it was missing. */
  #makeAgain(): boolean {
    this.#parents?.close();
    this.#parents = new Parents(this.#root, MAX_OPEN);
    let was = '';
    const names = this.#name.split('/');
    for (const [n, name] of names.entries()) {
      const parent = names.slice(0, n).join('/') as RelPath | '';
      was = makeReal(this.#parents.at(parent, name), path.join(this.#root, parent, name)) || was;
    }
    if (was === '') return false;
    if (this.#isKnown || was !== REMOVED) this.#report(`${was} It is made again, empty.`);
    this.#isKnown = true;
    return true;
  }

  /** @returns whether it was not writable. */
  #makeWritable(below: RelPath | ''): boolean {
    const own = this.#spell(joinPath(below, '.'));
    try {
      fs.accessSync(own, fs.constants.W_OK | fs.constants.X_OK);
      return false;
    } catch {
      fs.chmodSync(own, MODE);
      fs.accessSync(own, fs.constants.W_OK | fs.constants.X_OK);
    }
    this.#report(
      `${below === '' ? '' : `has ${below}, which `}was made read-only by another program. It can be written again.`,
    );
    return true;
  }

  #report(what: string): void {
    const name = nameOf(this.#name);
    this.#repairs.note(name, 'state-damaged', `Lockstep's own directory ${this.path} ${what}`);
  }

  close(): void {
    this.#parents?.close();
    this.#parents = null;
  }
}

const REMOVED = 'was removed by another program.';

/**
 * Makes `absolute` a real directory; a link is removed, a file is set aside. @returns what was wrong, for people; ''
 * for nothing.
 */
function makeReal(absolute: string, shown: string): string {
  const stats = fs.lstatSync(absolute, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return '';
  let was = REMOVED;
  if (stats?.isSymbolicLink()) {
    fs.unlinkSync(absolute);
    was = 'was replaced by a link, which is removed.';
  } else if (stats !== undefined && path.basename(shown) === STATE_DIR) {
    throw new Error(`something else stands where ${shown} is to be`); // do not move it: under another name it would be synchronised
  } else if (stats !== undefined) {
    const aside = path.basename(setAside(absolute) ?? '');
    fs.rmSync(absolute, { force: true });
    was = `was replaced by a file, which is set aside as ${path.join(path.dirname(shown), aside)}.`;
  }
  fs.mkdirSync(absolute, { mode: MODE });
  return was;
}
