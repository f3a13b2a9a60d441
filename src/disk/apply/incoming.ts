// One content as it comes in: bytes that were sent, bytes of the file whose place it takes, and what an earlier transfer
// left. It knows what really was sent for it.

import fs from 'node:fs';
import { type Change, contentOf } from '../../core/change.js';
import type { FileEntry } from '../../core/entry.js';
import { nameOf, parentOf } from '../../core/path.js';
import type { Content } from '../../replica.js';
import type { StagedFile } from '../staging/staged-file.js';
import type { ApplyContext } from './context.js';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

/** A content in the making. */
export class IncomingFile {
  readonly #context: ApplyContext;
  readonly #change: Change;

  readonly staged: StagedFile;
  readonly #file: FileEntry;
  #base = -1;
  /** Bytes that were sent. */
  sent = 0;
  #ownBytes = 0;

  constructor(context: ApplyContext, change: Change) {
    this.#context = context;
    this.#change = change;

    this.#file = contentOf(change) as FileEntry;
    this.staged = context.staging.begin(this.#file, change.path);
  }

  /** Adds a piece. @throws the system's error. */
  async take(piece: Exclude<Content, { failed: unknown }>): Promise<void> {
    if ('data' in piece) {
      this.sent += piece.data.length;
      await this.staged.write(piece.data, piece.last);
      piece.release?.();
    } else if ('copy' in piece) {
      this.#ownBytes += piece.copy.bytes;
      await this.staged.copy(this.#openBase(), piece.copy, piece.last);
    } else {
      this.#ownBytes += piece.have;
      await this.staged.resume(piece.have, piece.last);
    }
  }

  /** Whether it is what was announced. One that is not and has some of ours in it is sent whole the next time. */
  isSound(): boolean {
    this.#closeBase();
    const sound = this.staged.isSound();
    if (!sound && this.#ownBytes > 0) this.#context.staging.distrust(this.#file);
    return sound;
  }

  leave(): void {
    this.#closeBase();
    this.staged.leave();
  }

  discard(): void {
    this.#closeBase();
    this.staged.discard();
  }

  /** The file that was offered, if it still is what was expected; the hash has the last word. */
  #openBase(): number {
    if (this.#base >= 0) return this.#base;
    const { path, before } = this.#change;
    const absolute = this.#context.parents.at(parentOf(path), nameOf(path));
    if (before?.type !== 'file' || !this.#context.scanner.matches(path, before, absolute)) {
      throw Object.assign(new Error('the base is another file'), { code: 'ENOENT' });
    }
    this.#base = fs.openSync(absolute, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    return this.#base;
  }

  #closeBase(): void {
    if (this.#base >= 0) fs.closeSync(this.#base);
    this.#base = -1;
  }
}
