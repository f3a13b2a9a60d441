// A content that a client sends: of a known length, its hash told only at the end. It comes into staging piece by piece,
// is flushed there, and takes its name by rename, so that nothing of it is ever seen before all of it is here.

import fs from 'node:fs';
import type { Change, Outcome } from '../../core/change.js';
import type { FileEntry } from '../../core/entry.js';
import { parentOf } from '../../core/path.js';
import type { Applied } from '../../replica.js';
import { outcomeOf } from '../fs/system-errors.js';
import type { StagedFile } from '../staging/staged-file.js';
import type { ApplyContext } from './context.js';
import { publishFile } from './step.js';

/** One content on its way in. Whoever began it ends it with `discard`, published or not. */
export class IncomingUpload {
  readonly #staged: StagedFile;

  #isPublished = false;

  constructor(staged: StagedFile) {
    this.#staged = staged;
  }

  /** Bytes that have come. */
  get bytes(): number {
    return this.#staged.bytes;
  }

  /**
   * Adds the next piece.
   * @param last whether it is the last one; a content of no bytes has one empty piece.
   * @throws the system's error (ENOSPC and the like).
   */
  take(data: Buffer, last: boolean): Promise<void> {
    return this.#staged.write(data, last);
  }

  /**
   * Makes the content durable, once the last piece is here.
   * @returns the file that it is; null where its length or its hash is not the announced one.
   * @throws the system's error.
   */
  async finish(hash: string): Promise<FileEntry | null> {
    if (this.#staged.digest !== hash || this.#staged.bytes !== this.#staged.file.size) return null;
    await this.#staged.flush();
    return { ...this.#staged.file, hash };
  }

  /** Gives the finished content its name, as `change` says; it can be tried again where that came to nothing. */
  async *publish(context: ApplyContext, change: Change): AsyncGenerator<Applied> {
    try {
      yield { n: 0, outcome: await this.#takeName(context, change) };
    } finally {
      context.parents.close();
    }
  }

  async #takeName(context: ApplyContext, change: Change): Promise<Outcome> {
    try {
      const step = publishFile(context, change, this.#staged);
      if (step !== 'done') return { kind: step };
      this.#isPublished = true;
      await context.parents.sync(parentOf(change.path));
      return { kind: 'done', sent: 0 };
    } catch (error) {
      return outcomeOf(error);
    }
  }

  /** Leaves nothing behind but what has its name. */
  discard(): void {
    if (this.#isPublished) this.#staged.published();
    else this.#staged.discard();
  }
}

/** @returns how many bytes can be written to the file system of `directory` now. */
export function contextFor(directory: string): number {
  const { bavail, bsize } = fs.statfsSync(directory);
  return bavail * bsize;
}
