// Stores the lock table on disk. Each decision changes the table and writes its rows in one step; answers and log
// events follow only once the rows are durable.

import type { SyncError } from '../../core/errors.js';
import type { SyncEvent } from '../../core/events.js';
import { decide } from '../../core/locks/decide.js';
import type { LockAnswer, LockEvent } from '../../core/locks/events.js';
import type { Notice, Row } from '../../core/locks/records.js';
import { LockTable } from '../../core/locks/table.js';
import type { RelPath } from '../../core/path.js';
import { damageText } from '../../disk/state/journal-check.js';
import { type OpenStore, Store, type StoreAccess, type Table } from '../../disk/state/store.js';
import type { Logger } from '../../log.js';

/** Waiters are not stored: a place in the queue ends with its connection. */
const TABLES = ['counter', 'lock', 'held', 'drain', 'preference', 'notice'] as const;

/** Who has paused the pair, and since when, milliseconds since 1970. */
export interface Pause {
  readonly by: string;
  readonly since: number;
}

/** The locks, held updates and drains of a pair, and whether a person has paused it. */
export class LockStore {
  readonly #log: Logger;

  readonly table = new LockTable();
  /** Called when a decision is on disk and its events have been logged. */
  onSettled: () => void = () => {};
  readonly #listeners: ((rows: readonly Row[]) => void)[] = [];
  readonly #store: StoreAccess;
  #underWay = 0;
  /** How many decisions about each path are not on disk yet. */
  readonly #pending = new Map<RelPath, number>();
  readonly #lossRows = new Map<string, unknown>();
  readonly #pauseRows = new Map<string, unknown>();

  /**
   * @param file the journal. The sound part of a damaged one is used, because a lock too many is better than one too
   *   few.
   */
  constructor(file: string, log: Logger, open: OpenStore = Store.open) {
    this.#log = log;

    const tables = Object.fromEntries(TABLES.map((name) => [name, this.#tableNamed(name)]));
    const loss: Table = { load: (key, value) => setOrDelete(this.#lossRows, key, value), all: () => this.#lossRows };
    const pause: Table = { load: (key, value) => setOrDelete(this.#pauseRows, key, value), all: () => this.#pauseRows };
    const { store } = open(
      file,
      { ...tables, loss, pause },
      {
        salvage: true,
        consequence: 'Locks and held updates may be missing from it; those that could be read are in force.',
        onDamage: (kind) => {
          if (kind !== 'tail') this.#lose(damageText(file, kind, null));
        },
      },
    );
    this.#store = store;
  }

  /** Part of the table was lost: raises the counters, so that no number is given out twice. */
  #lose(message: string): void {
    const { table } = this;
    this.#lossRows.set('message', message);
    const held = [...table.held.values()].flat().map(({ id }) => id);
    const counters = {
      token: Math.max(table.counter('token') + 1_000_000, Date.now()),
      held: Math.max(table.counter('held'), ...held),
      notice: Math.max(table.counter('notice'), ...table.notices.keys()),
    };
    table.record(Object.entries(counters).map(([key, value]) => ({ table: 'counter', key, value })));
  }

  /** How locks and held updates may have been lost; null where none were, or a person has accepted it. */
  get loss(): string | null {
    return (this.#lossRows.get('message') as string | undefined) ?? null;
  }

  /**
   * Records that a person has accepted the loss. @throws SyncError `failed` where that cannot be written.
   */
  async acceptLoss(): Promise<void> {
    const { loss } = this;
    this.#lossRows.clear();
    this.#store.put('loss', 'message', null);
    try {
      await this.#store.durable();
    } catch (error) {
      this.#lossRows.set('message', loss);
      throw error;
    }
  }

  /** Who has paused the pair; null where it is not paused. */
  get pause(): Pause | null {
    const row = this.#pauseRows.get('pair') as Partial<Pause> | undefined;
    if (row === undefined) return null;
    return { by: String(row.by), since: Number.isFinite(row.since) ? row.since! : 0 };
  }

  /**
   * Records who has paused the pair, or (null) that it goes on. It is in force at once.
   * @throws SyncError `failed` where it cannot be written: then a restart forgets it.
   */
  async setPause(pause: Pause | null): Promise<void> {
    setOrDelete(this.#pauseRows, 'pair', pause);
    this.#store.put('pause', 'pair', pause);
    await this.#store.durable();
  }

  #tableNamed(name: (typeof TABLES)[number]): Table {
    const { table } = this;
    return {
      load: (key, value) => table.record([{ table: name, key, value } as Row]),
      *all() {
        for (const row of table.rows()) if (row.table === name) yield [row.key, row.value] as const;
      },
    };
  }

  /**
   * Decides `event`. The table has changed when this returns.
   * @param settled called with the answer once everything is on disk and the events have been logged, or with the error
   *   that kept it from the disk.
   * @returns that answer; clients must not be told it before it is settled.
   */
  dispatch(event: LockEvent, settled: (answer: LockAnswer, error: SyncError | null) => void = () => {}): LockAnswer {
    const { rows, answer, events } = decide(this.table, event);
    this.#count(event.path, 1);
    const written = this.commit(rows, events).finally(() => this.#count(event.path, -1));
    written.then(
      () => settled(answer, null),
      (error: SyncError) => settled(answer, error),
    );
    return answer;
  }

  #count(path: RelPath, by: 1 | -1): void {
    const count = (this.#pending.get(path) ?? 0) + by;
    if (count === 0) this.#pending.delete(path);
    else this.#pending.set(path, count);
  }

  /** Calls `listener` with every change of the table. */
  listen(listener: (rows: readonly Row[]) => void): void {
    this.#listeners.push(listener);
  }

  /** Whether a decision about `path` is not on disk yet. */
  isPending(path: RelPath): boolean {
    return this.#pending.has(path);
  }

  /** Whether all decisions are on disk and their events have been logged. */
  get isSettled(): boolean {
    return this.#underWay === 0;
  }

  /**
   * Records `rows` and logs `events` once they are durable.
   * @throws SyncError where the rows cannot be written; they stay in the table.
   */
  async commit(rows: readonly Row[], events: readonly SyncEvent[] = []): Promise<void> {
    this.#underWay++;
    this.table.record(rows);
    for (const listener of this.#listeners) listener(rows);
    const lasting = rows.filter(({ table }) => table !== 'waiter');
    for (const { table, key, value } of lasting) this.#store.put(table, key, value);
    try {
      if (lasting.length > 0) await this.#store.durable();
      for (const event of events) this.#log.event(event);
    } catch (error) {
      this.#log.warn((error as Error).message);
      throw error;
    } finally {
      this.#underWay--;
      this.onSettled();
    }
  }

  /** @returns the notices for `owner` that it has not received; they count as delivered from now on. */
  takeNotices(owner: string): readonly Notice[] {
    const notices = this.table.noticesOf(owner).filter(({ path }) => !this.isPending(path));
    const told: Row[] = notices.map(({ id }) => ({ table: 'notice', key: String(id), value: null }));
    // If this does not reach the disk, the notice is delivered once more after a restart.
    if (told.length > 0) this.commit(told).catch(() => {});
    return notices;
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

function setOrDelete(rows: Map<string, unknown>, key: string, value: unknown): void {
  if (value === null) rows.delete(key);
  else rows.set(key, value);
}
