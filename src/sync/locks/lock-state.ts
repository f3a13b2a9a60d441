// The lock table of a running server. Each decision changes the table and hands its rows to the store in one step; answers
// and log events follow only once the rows are durable.

import { SyncError } from '../../core/errors.js';
import type { SyncEvent } from '../../core/events.js';
import { askingTold, untoldAskings } from '../../core/locks/ask.js';
import { decide } from '../../core/locks/decide.js';
import type { LockAnswer, LockEvent } from '../../core/locks/events.js';
import type { Asking, Notice, Row } from '../../core/locks/records.js';
import { reminderEnds, untoldReminders } from '../../core/locks/remind.js';
import { LockTable } from '../../core/locks/table.js';
import type { RelPath } from '../../core/path.js';
import type { Logger } from '../../log.js';
import { MAX_KEPT_EVENTS } from '../../wire/frame/limits.js';
import type { LockStore, Pause, Revision, StoredRow } from './lock-store.js';

/** How long until what could not be written is tried again, in milliseconds. */
const RETRY_MS = 5_000;

/** A path that became free at `free`, milliseconds since 1970. */
export interface FreedPath {
  readonly path: RelPath;
  readonly free: number;
  readonly holder: string | null;
}

/** The locks, held updates and drains of a pair, and whether a person has paused it. */
export class LockState {
  readonly #store: LockStore;
  readonly #log: Logger;

  readonly table = new LockTable();
  /** Woken when a decision is on disk and its events have been logged, or could not be stored. */
  mailbox: { wake(): void } = { wake: () => {} };
  /** Schedules a call of `retry` in so many milliseconds, at most one at a time. */
  retryIn: (ms: number) => void = () => {};
  /** The revision of the store that `table` has. */
  #revision: Revision;
  #pause: Pause | null = null;
  /** Resolves once the events of every decision so far have been logged, or could not be. */
  #said: Promise<void> = Promise.resolve();
  #underWay = 0;
  /** The latest events of decisions that are in force and could not be written; the next write includes their rows. */
  #unsaid: SyncEvent[] = [];
  /** How many decisions about each path are not on disk yet. */
  readonly #pending = new Map<RelPath, number>();

  /** Loads the table from `store`. */
  constructor(store: LockStore, log: Logger) {
    this.#store = store;
    this.#log = log;

    const { revision, rows } = store.replay();
    this.#revision = revision;
    for (const row of rows) {
      if (row.table === 'pause') this.#pause = row.value;
      else this.table.record([row]);
    }
  }

  /** How locks and held updates may have been lost; null where none were, or a person has accepted it. */
  get loss(): string | null {
    return this.#store.loss;
  }

  /** Records that a person has accepted the loss. @throws SyncError `failed` where that cannot be written. */
  acceptLoss(): Promise<void> {
    return this.#store.acceptLoss();
  }

  /** Who has paused the pair; null where it is not paused. */
  get pause(): Pause | null {
    if (this.#pause === null) return null;
    const { by, since } = this.#pause as Partial<Pause>;
    return { by: String(by), since: Number.isFinite(since) ? since! : 0 };
  }

  /**
   * Records who has paused the pair, or (null) that it goes on. It is in force at once.
   * @throws SyncError `failed` where it cannot be written: then a restart forgets it.
   */
  async setPause(pause: Pause | null): Promise<void> {
    this.#pause = pause;
    await this.#append([{ table: 'pause', key: 'pair', value: pause }]);
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
    const written = this.commit(rows, events, answer.kind === 'released').finally(() => this.#count(event.path, -1));
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

  /** Calls `listener` with the rows of every change of the table, once they are in it. */
  watch(listener: (rows: readonly StoredRow[]) => void): void {
    this.#store.watch(listener);
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
   * Records `rows` and logs `events` once they are durable. Where they cannot be written they stay in the table, and the
   * next call that writes anything writes them, too, and logs their events.
   * @param retry whether to write what an earlier call could not, even where `rows` is empty.
   * @throws SyncError where the rows cannot be written.
   */
  async commit(rows: readonly Row[], events: readonly SyncEvent[] = [], retry = false): Promise<void> {
    this.#underWay++;
    this.table.record(rows);
    const lasting = rows.filter((row): row is Row & StoredRow => row.table !== 'waiter');
    try {
      if (lasting.length > 0 || (retry && this.#unsaid.length > 0)) await this.#append(lasting, events);
      else if (events.length > 0) await this.#inTurn(() => this.#say(events));
    } catch (error) {
      this.#log.warn((error as Error).message);
      throw error;
    } finally {
      this.#underWay--;
      this.mailbox.wake();
    }
  }

  /** Writes what could not be written before, and logs its events; where that fails, it is tried again later. */
  retry(): void {
    if (this.#unsaid.length > 0) this.#append([]).catch(() => this.retryIn(RETRY_MS));
  }

  /**
   * Decisions follow one another without waiting for the disk.
   * @param events what is logged once `rows` are durable; where they cannot be written, after the next write that
   *   succeeds.
   */
  #append(rows: readonly StoredRow[], events: readonly SyncEvent[] = []): Promise<void> {
    const { revision, stored } = this.#store.append(rows, this.#revision);
    this.#revision = revision;
    stored.catch(() => {}); // its turn may come later
    return this.#inTurn(async () => {
      const isNewest = await stored.catch((error) => {
        this.#unsaid.push(...events);
        this.#unsaid.splice(0, this.#unsaid.length - MAX_KEPT_EVENTS);
        if (events.length > 0) this.retryIn(RETRY_MS);
        throw error;
      });
      if (!isNewest) throw changedElsewhere();
      this.#say(this.#unsaid.splice(0));
      this.#say(events);
    });
  }

  /** Events are logged in the order of the decisions, even where a later one is on disk first or needs no disk. */
  #inTurn(act: () => Promise<void> | void): Promise<void> {
    const turn = this.#said.then(act);
    this.#said = turn.catch(() => {});
    return turn;
  }

  #say(events: readonly SyncEvent[]): void {
    for (const event of events) this.#log.event(event);
  }

  /** @returns the notices for `owner` that it has not received; they count as delivered from now on. */
  takeNotices(owner: string): readonly Notice[] {
    const notices = this.table.noticesOf(owner).filter(({ path }) => !this.isPending(path));
    const told: Row[] = notices.map(({ id }) => ({ table: 'notice', key: String(id), value: null }));
    // If this does not reach the disk, the notice is delivered once more after a restart.
    if (told.length > 0) this.commit(told).catch(() => {});
    return notices;
  }

  /** @returns who has asked `owner` to unlock what, where he was not told yet; he counts as told from now on. */
  takeAskings(owner: string): readonly Asking[] {
    const askings = untoldAskings(this.table, owner).filter(({ path }) => !this.isPending(path));
    if (askings.length > 0) this.commit(askings.map(askingTold)).catch(() => {});
    return askings;
  }

  /** @returns what `owner` wanted to be told of and is free, once; with the name of who holds it now, if somebody does. */
  takeFreed(owner: string): readonly FreedPath[] {
    const due = untoldReminders(this.table, owner).filter(({ path }) => !this.isPending(path));
    const rows = due.flatMap(({ path }) => reminderEnds(this.table, path, owner));
    if (rows.length > 0) this.commit(rows).catch(() => {});
    return due.map(({ path, free }) => ({ path, free: free!, holder: this.table.locks.get(path)?.owner ?? null }));
  }

  close(): Promise<void> {
    this.#unsaid = [];
    return this.#store.close();
  }
}

/** Two servers write one lock table. From then on this one grants nothing: each decision follows one that was refused. */
const changedElsewhere = (): SyncError =>
  new SyncError('failed', 'The lock table was changed by another server, so nothing can be decided here any more.', {
    hint: 'Stop the other server, and start this one again.',
  });
