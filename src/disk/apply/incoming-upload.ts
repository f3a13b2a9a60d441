// An upload by a client: a content of known length whose hash is known only at the end. It is written to staging piece
// by piece, flushed, and renamed to its path, so that a part of it is never visible there.

import fs from 'node:fs';
import type { Change, Outcome } from '../../core/change.js';
import type { FileEntry } from '../../core/entry.js';
import { SyncError } from '../../core/errors.js';
import { parentOf } from '../../core/path.js';
import type { Applied } from '../../replica.js';
import { outcomeOf } from '../fs/system-errors.js';
import type { StagedFile } from '../staging/staged-file.js';
import type { ApplyContext } from './context.js';
import { publishFile } from './step.js';

/** One upload. Its owner must call `discard` at the end, published or not. */
export class IncomingUpload {
  readonly #staged: StagedFile;

  #isPublished = false;

  constructor(staged: StagedFile) {
    this.#staged = staged;
  }

  /** Bytes received so far. */
  get bytes(): number {
    return this.#staged.bytes;
  }

  /**
   * Adds the next piece.
   * @param last whether it is the last one; an empty content has one empty piece.
   * @throws the system's error, for example ENOSPC.
   */
  take(data: Buffer, last: boolean): Promise<void> {
    return this.#staged.write(data, last);
  }

  /**
   * Makes the content durable after its last piece.
   * @param hash the announced hash.
   * @returns the complete file; null where its length or its hash is not the announced one.
   * @throws the system's error.
   */
  async finish(hash: string): Promise<FileEntry | null> {
    if (this.#staged.digest !== hash || this.#staged.bytes !== this.#staged.file.size) return null;
    await this.#staged.flush();
    return { ...this.#staged.file, hash };
  }

  /** Renames the finished content to its path, as `change` says. May be called again if the outcome is not done. */
  async *publish(context: ApplyContext, change: Change): AsyncGenerator<Applied> {
    try {
      yield { n: 0, outcome: await this.#rename(context, change) };
    } finally {
      context.parents.close();
    }
  }

  async #rename(context: ApplyContext, change: Change): Promise<Outcome> {
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

  /** Closes the upload; deletes its content unless it was published. */
  discard(): void {
    if (this.#isPublished) this.#staged.published();
    else this.#staged.discard();
  }
}

/** @returns the free space of the file system of `directory`, in bytes. */
export function freeBytes(directory: string): number {
  const { bavail, bsize } = fs.statfsSync(directory);
  return bavail * bsize;
}

/** @returns the error where there is no space for so many bytes. */
export const noRoom = (bytes: number): SyncError =>
  new SyncError('failed', `Side a has no room for ${bytes} bytes more: its disk is full.`, {
    hint: 'Free some space there, then try again.',
  });
