// Repairs ROOT/.lockstep while a server runs: what another program removes or changes is written again from memory, and
// reported. It does so only if the root is certainly the one that was opened: a directory without identity and with
// other files may be a new one with the same inode number.
import fs from 'node:fs';
import path from 'node:path';
import { STATE_DIR } from '../../core/path.js';
import { systemTrouble } from '../../core/system-error.js';
import { type OwnDirectory, OwnDirectoryError } from '../fs/own-directory.js';
import type { StateFiles } from './files.js';
import { type Identity, identityFile, readIdentity } from './identity.js';
import type { Occupancy } from './occupant.js';
import type { StateProblems } from './problems.js';
import { isSealed } from './sealed-file.js';

/** Lockstep's own directories in ROOT/.lockstep. */
export interface OwnDirectories {
  readonly staging: OwnDirectory;
  readonly held: OwnDirectory;
  readonly versions: OwnDirectory;
  /** The event log. */
  readonly log: OwnDirectory;
}

/** What is checked and repaired. */
interface Kept {
  readonly root: string;
  readonly identity: Pick<Identity, 'id'>;
  readonly occupancy: Occupancy;
  readonly files: StateFiles;
  readonly own: OwnDirectories;
  readonly problems: StateProblems;
  readonly writeReadme: () => void;
}

/** Keeps one ROOT/.lockstep. */
export class StateKeeper {
  readonly #kept: Kept;

  readonly #rootIno: string;
  #running: Promise<void> | null = null;

  constructor(kept: Kept) {
    this.#kept = kept;

    this.#rootIno = inodeOf(kept.root);
  }

  /**
   * Checks and repairs everything once; overlapping calls share one run.
   * @param isSame whether the root still holds what was last seen in it; asked where its identity is missing.
   */
  keep(isSame: () => boolean): Promise<void> {
    this.#running ??= this.#run(isSame).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #run(isSame: () => boolean): Promise<void> {
    const { problems, own, files, occupancy, writeReadme } = this.#kept;
    try {
      if (!this.#isOurs(isSame)) return;
      for (const [name, directory] of Object.entries(own)) this.#ensure(name, directory);
      if (occupancy.check()) this.#report('server.json');
      writeReadme();
      files.restore();
      await files.mend();
      problems.clear('');
    } catch (error) {
      const where = path.join(this.#kept.root, STATE_DIR);
      const message = `Lockstep cannot keep its own files in ${where}: ${(error as Error).message}`;
      problems.add('', systemTrouble(error).code, message);
    }
  }

  #isOurs(isSame: () => boolean): boolean {
    const { root, identity } = this.#kept;
    const id = identityOf(root);
    if (id !== null) return id === identity.id;
    return inodeOf(root) === this.#rootIno && isSame();
  }

  #ensure(name: string, directory: OwnDirectory): void {
    const { problems } = this.#kept;
    try {
      directory.ensure();
      problems.clear(name);
    } catch (error) {
      if (!(error instanceof OwnDirectoryError)) throw error;
      problems.add(name, error.problem.code, error.problem.message);
    }
  }

  #report(name: string): void {
    const { root, problems } = this.#kept;
    const file = path.join(root, STATE_DIR, name);
    problems.note(name, 'state-damaged', `${file} was removed or changed by another program, and is written anew.`);
  }
}

/** @returns the id of a root; null where it has none, or a damaged one. @throws the system's error. */
function identityOf(root: string): string | null {
  try {
    const file = identityFile(root);
    const isDamaged = /"sum":/.test(fs.readFileSync(file, 'utf8')) && !isSealed(fs.readFileSync(file, 'utf8'));
    return isDamaged ? null : readIdentity(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return null;
    throw error;
  }
}

/** @returns device and inode number of `directory`; '' where it does not exist. */
function inodeOf(directory: string): string {
  const stats = fs.lstatSync(directory, { throwIfNoEntry: false });
  return stats === undefined ? '' : `${stats.dev} ${stats.ino}`;
}
