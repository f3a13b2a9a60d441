// Contents from the other server, held to what was announced: in their order, each once, and none with more bytes than
// it was said to have. What is shorter or other than it should be is found out by its hash.

import type { Content } from '../../replica.js';
import { bad } from '../../wire/peer-api/list.js';

/** Pieces of no bytes that are borne with for one content. */
const MAX_EMPTY_PIECES = 1_000;

/** A run of contents as it should come. */
export class Announced {
  readonly #sizes: readonly number[];

  #n = 0;
  #bytes = 0;
  #empty = 0;

  /** @param sizes of the contents, in the order in which they come. */
  constructor(sizes: readonly number[]) {
    this.#sizes = sizes;
  }

  /**
   * @returns the piece.
   * @throws SyncError `bad-message` where it should not come.
   */
  check(piece: Content): Content {
    if (piece.n !== this.#n || this.#n >= this.#sizes.length) throw bad('a piece of content is of none that is due');
    const bytes = bytesOf(piece);
    this.#bytes += bytes;
    if (this.#bytes > this.#sizes[this.#n]!) throw bad('a content is longer than it was announced');
    if (bytes === 0 && ++this.#empty > MAX_EMPTY_PIECES) throw bad('a content comes in pieces of nothing');
    if ('failed' in piece || piece.last) this.#begin(this.#n + 1);
    return piece;
  }

  /** Whether all has come that was to come. */
  get isComplete(): boolean {
    return this.#n >= this.#sizes.length;
  }

  #begin(n: number): void {
    this.#n = n;
    this.#bytes = 0;
    this.#empty = 0;
  }
}

/** How much of the content a piece is. */
export function bytesOf(piece: Content): number {
  if ('data' in piece) return piece.data.length;
  if ('copy' in piece) return piece.copy.bytes;
  return 'have' in piece ? piece.have : 0;
}
