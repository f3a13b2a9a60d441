// The port to where the lock table is kept, from one decision to the next and from one run of the server to the next.
// `LockState` decides and writes through it; `LockJournal` is its form on disk. Every form passes
// test/sync/locks/lock-store-contract.test.ts.
import type { Row } from '../../core/locks/records.js';

/** Who has paused the pair, and since when, milliseconds since 1970. */
export interface Pause {
  readonly by: string;
  readonly since: number;
}

/**
 * One row that outlasts a restart; null deletes it. Waiters are not stored: a place in the queue ends with its
 * connection.
 */
export type StoredRow =
  | Exclude<Row, { readonly table: 'waiter' }>
  | { readonly table: 'pause'; readonly key: 'pair'; readonly value: Pause | null };

/** Says which append was the last one. */
export type Revision = number;

/** What became of an append. */
export interface Appended {
  /** The revision that the append leads to. It is never in force where the append is refused. */
  readonly revision: Revision;
  /**
   * True once the rows are durable; false where the append is refused.
   * @throws SyncError `failed` where the rows cannot be made durable. They keep their place, and are written with the
   *   next ones.
   */
  readonly stored: Promise<boolean>;
}

/** A store of the lock table. */
export interface LockStore {
  /** @returns every row in force, and the revision that they are of. */
  replay(): { readonly revision: Revision; readonly rows: Iterable<StoredRow> };

  /**
   * Stores `rows` together if `since` is the present revision, and refuses them otherwise: somebody else has appended
   * something. The next append can follow at once, on the revision that this one leads to: it is refused, too, where
   * this one is.
   */
  append(rows: readonly StoredRow[], since: Revision): Appended;

  /** Calls `listener` with the rows of every append, when they take their place. They may not be durable yet. */
  watch(listener: (rows: readonly StoredRow[]) => void): void;

  /** How rows may have been lost, for people; null where none were, or a person has accepted it. */
  readonly loss: string | null;

  /** Records that a person has accepted the loss. @throws SyncError `failed` where that cannot be written. */
  acceptLoss(): Promise<void>;

  /** Makes everything durable and closes. @throws SyncError `failed` where that cannot be written. */
  close(): Promise<void>;
}
