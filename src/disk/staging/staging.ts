// The folder guarantees: a content gets its path by a rename, complete, verified and durable. Until then it is in
// ROOT/.lockstep/staging, on the same file system as its destination. What an interrupted transfer leaves of a large
// content is kept there for the next transfer of the same content.
import fs from 'node:fs';
import type { FileEntry } from '../../core/entry.js';
import type { RelPath } from '../../core/path.js';
import type { OwnDirectory } from '../fs/own-directory.js';
import { dropPartials, Partials } from './partials.js';
import { StagedFile } from './staged-file.js';

const MAX_DISTRUSTED = 1_000;

/** Numbers for names; shared, because two instances in one process may have the same directory. */
let next = 0;

/** The staging area of one root. */
export class Staging {
  readonly #directory: OwnDirectory;

  readonly #partials: Partials;
  readonly #distrusted = new Set<string>();
  /** Called where the disk is full, so that others can delete something as well. */
  onFull: () => void = () => {};

  /** @param directory ROOT/.lockstep/staging. */
  constructor(directory: OwnDirectory) {
    this.#directory = directory;

    this.#partials = new Partials(directory);
  }

  /**
   * Begins a staged file that will become `file`.
   * @param of its destination. Where it is given, the part of a large content is kept if its transfer is interrupted.
   */
  begin(file: FileEntry, of?: RelPath): StagedFile {
    const part = of === undefined ? null : this.#partials.take(file, of);
    return new StagedFile(this.#directory, part ?? `${process.pid}-${next++}`, file, part !== null);
  }

  /** Runs `act`, in which the place of staging is checked once; see `Parents.together`. */
  together<T>(act: () => T): T {
    return this.#directory.together(act);
  }

  /** @returns how many bytes of the beginning of `file` an earlier transfer left. */
  lengthOf(file: FileEntry): number {
    return this.#partials.lengthOf(file);
  }

  /** Whether `file` had a wrong hash when it was assembled from local bytes: then it must be sent whole. */
  distrusts({ hash }: FileEntry): boolean {
    return this.#distrusted.has(hash);
  }

  distrust({ hash }: FileEntry): void {
    if (this.#distrusted.size >= MAX_DISTRUSTED) this.#distrusted.clear();
    this.#distrusted.add(hash);
  }

  /** Frees disk space: deletes all parts, and calls `onFull`. */
  makeRoom(): void {
    this.onFull();
    dropPartials(this.#directory);
  }

  /** Makes a link to `target` in staging, and calls `act` with its path, to rename it. */
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
