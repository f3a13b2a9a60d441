// Where content arrives: ROOT/.lockstep/staging, on the same file system as its destination. What was cut in the middle of
// a large content stays for the next transfer of the same content.
import fs from 'node:fs';
import type { FileEntry } from '../../core/entry.js';
import type { RelPath } from '../../core/path.js';
import type { OwnDirectory } from '../fs/own-directory.js';
import { dropPartials, Partials } from './partials.js';
import { StagedFile } from './staged-file.js';

const MAX_DISTRUSTED = 1_000;

/** Numbers for names, of one series: two stagings of one process may share a directory. */
let next = 0;

/** The staging area of one root. */
export class Staging {
  readonly #directory: OwnDirectory;

  readonly #partials: Partials;
  readonly #distrusted = new Set<string>();
  /** Called where the disk is full, so that others may give room, too. */
  onFull: () => void = () => {};

  /** @param directory ROOT/.lockstep/staging. */
  constructor(directory: OwnDirectory) {
    this.#directory = directory;

    this.#partials = new Partials(directory);
  }

  /**
   * Begins a file that shall become `file`.
   * @param of where it is to stand; with it, what came of a large content is kept when its transfer is cut.
   */
  begin(file: FileEntry, of?: RelPath): StagedFile {
    const part = of === undefined ? null : this.#partials.take(file, of);
    return new StagedFile(this.#directory, part ?? `${process.pid}-${next++}`, file, part !== null);
  }

  /** @returns how many bytes of `file` are here from an earlier transfer. */
  lengthOf(file: FileEntry): number {
    return this.#partials.lengthOf(file);
  }

  /** Whether `file` came out wrong when it was put together from what was here: then it is to be sent whole. */
  distrusts({ hash }: FileEntry): boolean {
    return this.#distrusted.has(hash);
  }

  distrust({ hash }: FileEntry): void {
    if (this.#distrusted.size >= MAX_DISTRUSTED) this.#distrusted.clear();
    this.#distrusted.add(hash);
  }

  /** Gives back the room that is kept for transfers to come: none will, or something else needs it more. */
  makeRoom(): void {
    this.onFull();
    dropPartials(this.#directory);
  }

  /** Makes a link to `target` that can take a name by rename, and gives `act` where it lies. */
  link(target: string, act: (absolute: string) => void): void {
    this.#directory.use(`${process.pid}-${next++}`, (absolute) => {
      fs.symlinkSync(target, absolute);
      try {
        act(absolute);
      } finally {
        fs.rmSync(absolute, { force: true });
      }
    });
  }
}
