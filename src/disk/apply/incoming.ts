// Receives one content into staging. Its parts are bytes that were sent, ranges of the basis file, and the part that an
// interrupted transfer left. The result is verified by its hash.

import fs from 'node:fs';
import { type Change, contentOf, type Outcome } from '../../core/change.js';
import type { FileEntry } from '../../core/entry.js';
import { nameOf, parentOf } from '../../core/path.js';
import type { Content, JoinedContents } from '../../replica.js';
import type { StagedFile } from '../staging/staged-file.js';
import type { ApplyContext } from './context.js';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

/** A content that is being received. */
export class IncomingFile {
  readonly #context: ApplyContext;
  readonly #change: Change;

  readonly staged: StagedFile;
  readonly #file: FileEntry;
  #basis = -1;
  /** Bytes that were sent. */
  sent = 0;
  /** Bytes that were taken from this side. */
  #localBytes = 0;

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
      this.#localBytes += piece.copy.bytes;
      await this.staged.copy(this.#openBasis(), piece.copy, piece.last);
    } else {
      this.#localBytes += piece.have;
      await this.staged.resume(piece.have, piece.last);
    }
  }

  /** Takes the whole content at once. @throws the system's error. */
  takeWhole(data: Buffer): void {
    this.sent += data.length;
    this.staged.writeWhole(data);
  }

  /**
   * @returns whether its length and hash are right. If not, and local bytes were used, the next transfer sends it
   * whole.
   */
  isSound(): boolean {
    this.#closeBasis();
    const sound = this.staged.isSound();
    if (!sound && this.#localBytes > 0) this.#context.staging.distrust(this.#file);
    return sound;
  }

  leave(): void {
    this.#closeBasis();
    this.staged.leave();
  }

  discard(): void {
    this.#closeBasis();
    this.staged.discard();
  }

  /** Opens the basis file. RACE: it may still change while it is read; the hash of the result finds that out. */
  #openBasis(): number {
    if (this.#basis >= 0) return this.#basis;
    const { path, before } = this.#change;
    const absolute = this.#context.parents.at(parentOf(path), nameOf(path));
    if (before?.type !== 'file' || !this.#context.scanner.matches(path, before, absolute)) {
      throw Object.assign(new Error('the base is another file'), { code: 'ENOENT' });
    }
    this.#basis = fs.openSync(absolute, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    return this.#basis;
  }

  #closeBasis(): void {
    if (this.#basis >= 0) fs.closeSync(this.#basis);
    this.#basis = -1;
  }
}

/**
 * Receives joined contents.
 * @param carrying the changes with content, in their order.
 * @param failed makes an error of the system an outcome.
 * @returns each content, or why it could not be written.
 */
export function stageJoined(
  context: ApplyContext,
  carrying: readonly Change[],
  { n, sizes, joined, release }: JoinedContents,
  failed: (error: unknown) => Outcome,
): (IncomingFile | Outcome)[] {
  let end = 0;
  const staged = context.staging.together(() =>
    carrying.slice(n, n + sizes.length).map((change, i) => {
      const data = joined.subarray(end, end + sizes[i]!);
      end += data.length;
      return stageWhole(context, change, data, failed);
    }),
  );
  release?.();
  return staged;
}

function stageWhole(
  context: ApplyContext,
  change: Change,
  data: Buffer,
  failed: (error: unknown) => Outcome,
): IncomingFile | Outcome {
  let incoming: IncomingFile | null = null;
  try {
    incoming = new IncomingFile(context, change);
    incoming.takeWhole(data);
    return incoming;
  } catch (error) {
    incoming?.discard();
    return failed(error);
  }
}
