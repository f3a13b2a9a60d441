// Checks the contents that the other server sends against what was announced: in order, each once, none with more bytes
// than its size. A content that is shorter or different is found by its hash.

import type { Content, JoinedContents } from '../../replica.js';
import { bad } from '../../wire/peer-api/list.js';

/** The most empty pieces that one content may have. */
const MAX_EMPTY_PIECES = 1_000;

/** A sequence of announced contents. */
export class Announced {
  readonly #sizes: readonly number[];

  #n = 0;
  #bytes = 0;
  #empty = 0;

  /** @param sizes the bytes of each content, in the order in which they arrive. */
  constructor(sizes: readonly number[]) {
    this.#sizes = sizes;
  }

  /**
   * @returns the same piece.
   * @throws SyncError `bad-message` where it was not announced.
   */
  check<P extends Content | JoinedContents>(piece: P): P {
    if ('joined' in piece) this.#checkJoined(piece);
    else this.#checkPiece(piece);
    return piece;
  }

  #checkJoined({ n, sizes }: JoinedContents): void {
    if (n !== this.#n || this.#bytes > 0 || n + sizes.length > this.#sizes.length) {
      throw bad('joined contents are not those that are due');
    }
    if (sizes.some((size, i) => size > this.#sizes[n + i]!)) throw bad('a content is longer than it was announced');
    this.#begin(n + sizes.length);
  }

  #checkPiece(piece: Content): void {
    if (piece.n !== this.#n || this.#n >= this.#sizes.length) throw bad('a piece of content is of none that is due');
    const bytes = bytesOf(piece);
    this.#bytes += bytes;
    if (this.#bytes > this.#sizes[this.#n]!) throw bad('a content is longer than it was announced');
    if (bytes === 0 && ++this.#empty > MAX_EMPTY_PIECES) throw bad('a content comes in pieces of nothing');
    if ('failed' in piece || piece.last) this.#begin(this.#n + 1);
  }

  /** Whether all contents have arrived. */
  get isComplete(): boolean {
    return this.#n >= this.#sizes.length;
  }

  #begin(n: number): void {
    this.#n = n;
    this.#bytes = 0;
    this.#empty = 0;
  }
}

/** How many bytes of the content a piece stands for. */
export function bytesOf(piece: Content): number {
  if ('data' in piece) return piece.data.length;
  if ('copy' in piece) return piece.copy.bytes;
  return 'have' in piece ? piece.have : 0;
}
