// One version of a file that is open for reading, wherever it lies.
import type { FileEntry } from '../../core/entry.js';

/** One piece of the content for the client. */
export interface Piece {
  readonly data: Buffer;
  readonly release?: (() => void) | undefined;
}

/** A version that is open for reading. */
export interface Source {
  readonly file: FileEntry;
  pieces(from: number): AsyncIterable<Piece>;
  close(): void;
}
