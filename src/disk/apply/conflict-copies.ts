// Conflict copies of files that have further names. A second name of such a file would change with every save in place
// under the others, so its conflict copy is a file of its own. A large one takes long to make: it is made in staging, in
// pieces between which other work runs, before the step that needs it; the step only gives it its name.

import fs from 'node:fs';
import type { Change } from '../../core/change.js';
import type { FileEntry } from '../../core/entry.js';
import { nameOf, parentOf } from '../../core/path.js';
import { type Identity, isAsItWas, swapped } from '../fs/inode.js';
import { moveWithoutReplacing } from '../fs/move.js';
import type { Parents } from '../fs/parents.js';
import { microseconds, modeOf } from '../fs/signature.js';
import type { Scanner } from '../scan/scanner.js';
import type { StagedFile } from '../staging/staged-file.js';
import type { Staging } from '../staging/staging.js';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

/** A complete, flushed copy in staging. */
interface Prepared {
  readonly staged: StagedFile;
  /** The stats of its source before and after it was copied. */
  readonly source: fs.Stats;
}

/** The conflict copy of the next step, where that has to be made before. */
export class ConflictCopies {
  readonly #parents: Parents;
  readonly #scanner: Scanner;
  readonly #staging: Staging;

  #prepared: Prepared | null = null;

  constructor(parents: Parents, scanner: Scanner, staging: Staging) {
    this.#parents = parents;
    this.#scanner = scanner;
    this.#staging = staging;
  }

  /** Whether `prepare` may have something to do for `change`. */
  mayTakeLong({ before, conflictCopy }: Change): boolean {
    return conflictCopy !== undefined && before?.type === 'file';
  }

  /**
   * Copies what `change` is to replace, if it leaves a conflict copy and the file has further names.
   * @throws the system's error; ESTALE where the file is written to meanwhile. Then there is no copy.
   */
  async prepare({ path, before, conflictCopy }: Change): Promise<void> {
    if (conflictCopy === undefined || before?.type !== 'file') return;
    const target = this.#parents.at(parentOf(path), nameOf(path));
    const stats = fs.lstatSync(target, { throwIfNoEntry: false });
    if (stats === undefined || stats.nlink === 1 || !this.#scanner.matches(path, before, target, stats)) return;
    const source = fs.openSync(target, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      if (!isAsItWas(fs.fstatSync(source), stats)) throw swapped(target);
      this.#prepared = { staged: await copyOf(source, stats, before, this.#staging), source: stats };
    } finally {
      fs.closeSync(source);
    }
  }

  /**
   * Gives the copy its name.
   * @param target the file that has further names, for a message.
   * @param stats its present stats.
   * @param name the path of the conflict copy.
   * @returns the identity of the copy.
   * @throws the system's error, EEXIST where something has the name; ESTALE where no copy was made of what is there now.
   */
  place(target: string, stats: fs.Stats, name: string): Identity {
    const { staged, source } = this.#prepared ?? {};
    if (staged === undefined || source === undefined || !isAsItWas(stats, source)) throw swapped(target);
    moveWithoutReplacing(staged.path, name);
    this.#prepared = null;
    const made = staged.stats();
    staged.published();
    return made;
  }

  /** The step has ended: a copy that it did not need is deleted. */
  drop(): void {
    this.#prepared?.staged.discard();
    this.#prepared = null;
  }
}

async function copyOf(source: number, stats: fs.Stats, file: FileEntry, staging: Staging): Promise<StagedFile> {
  const { size, mtimeMs } = stats;
  const staged = staging.begin({ ...file, size, mode: modeOf(stats), mtime: microseconds(mtimeMs) });
  try {
    await staged.copy(source, { at: 0, bytes: size }, true);
    await staged.flush();
    if (!isAsItWas(fs.fstatSync(source), stats)) throw swapped(staged.path);
    return staged;
  } catch (error) {
    staged.discard();
    throw error;
  }
}
