// The lock store in memory: a second form of the port, for tests of what is built on it. Several stores can share one
// place, as a restarted server has the one of its predecessor.
import { SyncError } from '../../src/core/errors.js';
import type { Appended, LockStore, Revision, StoredRow } from '../../src/sync/locks/lock-store.js';

/** What stays when a store is closed. */
export class LockPlace {
  /** By table and key. */
  readonly rows = new Map<string, StoredRow>();
  loss: string | null = null;
  /** While true, nothing becomes durable. */
  isFull = false;
  /** What is stored becomes durable after this. */
  disk: Promise<void> = Promise.resolve();
}

export class MemoryLockStore implements LockStore {
  readonly #place: LockPlace;

  readonly #watchers: ((rows: readonly StoredRow[]) => void)[] = [];
  #revision: Revision = 0;
  #lastGiven: Revision = 0;

  constructor(place: LockPlace) {
    this.#place = place;
  }

  replay(): { readonly revision: Revision; readonly rows: Iterable<StoredRow> } {
    return { revision: this.#revision, rows: this.#place.rows.values() };
  }

  append(rows: readonly StoredRow[], since: Revision): Appended {
    const revision = ++this.#lastGiven;
    if (since !== this.#revision) return { revision, stored: Promise.resolve(false) };
    this.#revision = revision;
    for (const row of rows) {
      if (row.value === null) this.#place.rows.delete(`${row.table} ${row.key}`);
      else this.#place.rows.set(`${row.table} ${row.key}`, row);
    }
    for (const watcher of this.#watchers) watcher(rows);
    return { revision, stored: this.#durable().then(() => true) };
  }

  async #durable(): Promise<void> {
    await this.#place.disk;
    if (this.#place.isFull) throw new SyncError('failed', 'The disk is full.', { hint: 'Free some space.' });
  }

  watch(listener: (rows: readonly StoredRow[]) => void): void {
    this.#watchers.push(listener);
  }

  get loss(): string | null {
    return this.#place.loss;
  }

  async acceptLoss(): Promise<void> {
    await this.#durable();
    this.#place.loss = null;
  }

  close(): Promise<void> {
    return this.#durable();
  }
}
