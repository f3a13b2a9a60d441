// What is open on each side, as its server tells it, and the events about it.

import type { LockTable } from '../../core/locks/table.js';
import type { RelPath, Side } from '../../core/path.js';
import type { Logger } from '../../log.js';
import type { OpenDocument, OpenDocuments } from '../../replica.js';

interface OpenSide {
  documents: Map<RelPath, OpenDocument>;
  /** The account of the side's server; null before it has told. */
  account: string | null;
  /** Whether the documents are those that are open now: not while the side is away. */
  isKnown: boolean;
}

const nothingTold = (): OpenSide => ({ documents: new Map(), account: null, isKnown: false });

/** The documents that are open on both sides. */
export class OpenSides {
  readonly #sides: Readonly<Record<Side, OpenSide>> = { a: nothingTold(), b: nothingTold() };
  readonly #log: Pick<Logger, 'event'>;
  readonly #table: Pick<LockTable, 'locks'>;

  constructor(log: Pick<Logger, 'event'>, table: Pick<LockTable, 'locks'>) {
    this.#log = log;
    this.#table = table;
  }

  /** A side has told what is open there: says what is new and what is closed. */
  told(side: Side, open: OpenDocuments): void {
    const state = this.#sides[side];
    const former = state.documents;
    state.documents = new Map(open.documents.map((document) => [document.path, document]));
    state.account = open.account;
    state.isKnown = true;
    const closed = [...former.values()].filter((document) => !isSame(document, state.documents.get(document.path)));
    for (const document of closed) this.#closed(side, document);
    for (const document of state.documents.values())
      if (!isSame(document, former.get(document.path))) this.#opened(side, document);
  }

  /** The side has disconnected: what it told is kept, so that only differences are said when it is back. */
  left(side: Side): void {
    this.#sides[side].isKnown = false;
  }

  isKnown(side: Side): boolean {
    return this.#sides[side].isKnown;
  }

  /** The account of the server of `side`, as `user@host`. */
  account(side: Side): string {
    return this.#sides[side].account ?? `side ${side}`;
  }

  /** @returns what is open at `path` on `side`; null where nothing is, or it is not known. */
  at(side: Side, path: RelPath): OpenDocument | null {
    const { isKnown, documents } = this.#sides[side];
    return isKnown ? (documents.get(path) ?? null) : null;
  }

  /** Everything that is open, side a first: there a document counts as the first one. */
  *all(): Generator<readonly [Side, OpenDocument]> {
    for (const side of ['a', 'b'] as const) {
      const { isKnown, documents } = this.#sides[side];
      if (isKnown) for (const document of documents.values()) yield [side, document];
    }
  }

  get isEmpty(): boolean {
    return this.#sides.a.documents.size === 0 && this.#sides.b.documents.size === 0;
  }

  #opened(side: Side, { path, app, owner }: OpenDocument): void {
    const lock = this.#table.locks.get(path);
    // What is saved on the side of the lock goes over, whoever saves it.
    const isHeld = lock !== undefined && lock.side !== side;
    this.#log.event({ event: 'opened', path, app, owner, side, ...(isHeld ? { lockedBy: lock.owner } : {}) });
  }

  #closed(side: Side, { path, app, owner }: OpenDocument): void {
    this.#log.event({ event: 'closed', path, app, owner, side });
  }
}

const isSame = (one: OpenDocument, other: OpenDocument | undefined): boolean =>
  other !== undefined && one.app === other.app && one.owner === other.owner;
