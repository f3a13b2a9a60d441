// One of our own directories in ROOT/.lockstep. It is reached from the root without following a link, and where it is gone,
// or a file or a link stands in its place, it is made again at once, and that is said. An error that has its cause here is
// an OwnDirectoryError: looking at the user's files again would not help.
import fs from 'node:fs';
import path from 'node:path';
import { type ProblemCode, SyncError } from '../../core/errors.js';
import { joinPath, nameOf, parentOf, type RelPath, STATE_DIR } from '../../core/path.js';
import { systemTrouble } from '../../core/system-error.js';
import { Parents } from './parents.js';
import { setAside } from './whole-file.js';

const MODE = 0o700;
/** Directories kept open at once, of those that are in one of ours. */
const MAX_OPEN = 8;
/** A directory, or something above it, is not there, or is no directory. */
export const GONE: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);
/** A directory may not be written in. */
const REFUSED: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'EROFS']);

/** Where it is told that a directory had to be made again. */
interface Repairs {
  note(name: string, code: ProblemCode, message: string): void;
}

/** Why nothing can be done in one of our directories. */
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

/** A directory of ours. */
export class OwnDirectory {
  readonly #root: string;
  readonly #repairs: Repairs;
  #isKnown: boolean;

  #parents: Parents | null = null;
  readonly #name: RelPath;

  /**
   * @param root the directory in which it is, by a real path; what is above that is not ours.
   * @param name its path below `root`, as `.lockstep/staging`.
   * @param isKnown whether it was made before: then its absence is no matter of course.
   */
  constructor(root: string, name: string, repairs: Repairs = { note: () => {} }, isKnown = false) {
    this.#root = root;
    this.#repairs = repairs;
    this.#isKnown = isKnown;

    this.#name = name as RelPath;
  }

  /** Its absolute path, for words and for lists. */
  get path(): string {
    return path.join(this.#root, this.#name);
  }

  /**
   * Does something with `name` in it.
   * @param act is given a spelling that no link can divert, good as long as `act` runs; it may be called twice.
   * @throws what `act` throws; OwnDirectoryError where this directory is why.
   */
  use<T>(name: string, act: (absolute: string) => T): T {
    try {
      return act(this.#spell(name));
    } catch (error) {
      if (!this.#repair(error, parentOf(name as RelPath))) throw error;
    }
    return act(this.#spell(name));
  }

  /** @returns what `use` gives to what it is to do, good until the next call of anything here. @throws as `use`. */
  spelling(name: string): string {
    return this.use(name, (absolute) => absolute);
  }

  /** Spellings that are good until `close`. */
  open(): { at(name: string): string; close(): void } {
    this.ensure();
    const parents = new Parents(this.#root);
    return {
      at: (name) => parents.at(this.#placeOf(parentOf(name as RelPath)), nameOf(name as RelPath)),
      close: () => parents.close(),
    };
  }

  /** Makes the directory itself, if it is not there as it should be. @throws OwnDirectoryError. */
  ensure(): void {
    try {
      fs.accessSync(this.#spell('.'), fs.constants.W_OK | fs.constants.X_OK);
      this.#isKnown = true;
    } catch (error) {
      if (!this.#repair(error, '')) throw new OwnDirectoryError(this.path, error);
    }
  }

  /**
   * Makes the directory `below` in it, and those above that.
   * @returns false where something else stands in the way.
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

  /** Makes the names in its directory `below` durable. */
  syncBelow(below: string): void {
    const fd = this.use(below === '' ? '.' : `${below}/.`, (absolute) => fs.openSync(absolute, 'r'));
    try {
      fs.fsyncSync(fd);
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

  /** @returns whether `error` came of this directory, which is in order now. @throws OwnDirectoryError. */
  #repair(error: unknown, below: RelPath | ''): boolean {
    const { code } = error as NodeJS.ErrnoException;
    if (!GONE.has(code) && !REFUSED.has(code)) return false;
    try {
      return GONE.has(code) ? this.#makeAgain() : this.#makeWritable(below);
    } catch (cause) {
      throw new OwnDirectoryError(this.path, cause);
    }
  }

  /** @returns whether it was not there. */
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
    if (this.#isKnown || was !== REMOVED) this.#say(`${was} It is made again, empty.`);
    this.#isKnown = true;
    return true;
  }

  /** @returns whether it was not writable for its owner. */
  #makeWritable(below: RelPath | ''): boolean {
    const own = this.#spell(below === '' ? '.' : `${below}/.`);
    try {
      fs.accessSync(own, fs.constants.W_OK | fs.constants.X_OK);
      return false;
    } catch {
      fs.chmodSync(own, MODE);
      fs.accessSync(own, fs.constants.W_OK | fs.constants.X_OK);
    }
    this.#say(
      `${below === '' ? '' : `has ${below}, which `}was made read-only by another program. It can be written again.`,
    );
    return true;
  }

  #say(what: string): void {
    const name = nameOf(this.#name);
    this.#repairs.note(name, 'state-damaged', `Lockstep's own directory ${this.path} ${what}`);
  }

  close(): void {
    this.#parents?.close();
    this.#parents = null;
  }
}

const REMOVED = 'was removed by another program.';

/** Makes `absolute` a real directory; a link is removed, anything else is set aside. @returns in words what was wrong, '' for nothing. */
function makeReal(absolute: string, shown: string): string {
  const stats = fs.lstatSync(absolute, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return '';
  let was = REMOVED;
  if (stats?.isSymbolicLink()) {
    fs.unlinkSync(absolute);
    was = 'was replaced by a link, which is removed.';
  } else if (stats !== undefined && path.basename(shown) === STATE_DIR) {
    throw new Error(`something else stands where ${shown} is to be`); // it is not ours to move: it would be synchronised
  } else if (stats !== undefined) {
    const aside = path.basename(setAside(absolute) ?? '');
    fs.rmSync(absolute, { force: true });
    was = `was replaced by a file, which is set aside as ${path.join(path.dirname(shown), aside)}.`;
  }
  fs.mkdirSync(absolute, { mode: MODE });
  return was;
}
