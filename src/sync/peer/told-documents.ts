// What side b has told of open documents. It may tell it before anybody here listens.
import type { OpenDocuments } from '../../replica.js';
import { OpenDocumentsReader } from '../../wire/peer-api/open-documents.js';

/** The latest documents that the other server told as open. */
export class ToldDocuments {
  readonly #reader = new OpenDocumentsReader();
  /** Null before it has told. */
  #open: OpenDocuments | null = null;
  #listener: (open: OpenDocuments) => void = () => {};

  /** Takes one notification. @throws SyncError `bad-message`. */
  take(params: unknown, payload: Buffer | null): void {
    const open = this.#reader.take(params, payload);
    if (open === null) return;
    this.#open = open;
    this.#listener(open);
  }

  /** Calls `listener` with what is told from now on, and soon with what was told last. */
  onTold(listener: (open: OpenDocuments) => void): void {
    this.#listener = listener;
    const open = this.#open;
    if (open !== null) queueMicrotask(() => listener(open));
  }
}
