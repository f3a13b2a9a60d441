// The lock store on disk: one journal, `.lockstep/locks.log`. The sound part of a damaged one is used, because a lock too
// many is better than one too few.
import { damageText } from '../../disk/state/journal-check.js';
import { type OpenStore, Store, type StoreAccess, type Table } from '../../disk/state/store.js';
import type { TokenFloor } from '../pair/archive.js';
import type { Appended, LockStore, Revision, StoredRow } from './lock-store.js';

/** In the order in which they are written. */
const TABLES = [
  'counter',
  'lock',
  'held',
  'drain',
  'preference',
  'notice',
  'asking',
  'reminder',
  'dismissal',
  'pause',
] as const;

/** After a loss tokens go on this much higher: more than were given out since the lost rows. */
const LOST_TOKENS = 1_000_000;

/** For a lock table without an archive. */
const NO_FLOOR: TokenFloor = { token: 0, raise: async () => {} };

type Rows = Map<string, unknown>;

export class LockJournal implements LockStore {
  readonly #rows = Object.fromEntries(TABLES.map((name) => [name, new Map()])) as Record<(typeof TABLES)[number], Rows>;
  readonly #loss: Rows = new Map();
  readonly #store: StoreAccess;
  readonly #watchers: ((rows: readonly StoredRow[]) => void)[] = [];
  readonly #floor: TokenFloor;
  readonly #now: () => number;
  /** Whether the floor of tokens has to be durable before anything is granted, and is not yet. */
  #mustRaise = false;
  #revision: Revision = 0;
  #lastGiven: Revision = 0;

  /**
   * Opens the journal `file`.
   * @param floor the token that is known apart from this file; it is raised to what the file says.
   * @param now milliseconds since 1970.
   * @throws SyncError `failed` where it cannot be read or written at all.
   */
  constructor(file: string, open: OpenStore = Store.open, floor: TokenFloor = NO_FLOOR, now: () => number = Date.now) {
    this.#floor = floor;
    this.#now = now;

    const tables = Object.fromEntries(TABLES.map((name) => [name, tableOf(this.#rows[name])]));
    const { store } = open(
      file,
      { ...tables, loss: tableOf(this.#loss) },
      {
        salvage: true,
        consequence: 'Locks and held updates may be missing from it; those that could be read are in force.',
        onDamage: (kind) => {
          if (kind !== 'tail') this.#lose(damageText(file, kind, null));
        },
      },
    );
    this.#store = store;
    // Without watermarks, only the floor shows that there must have been a file.
    if (this.loss === null && this.#last('token') === 0 && floor.token > 0) this.#loseAll(file);
    this.#mustRaise = this.loss !== null;
    this.#raiseFloor().catch(() => {});
  }

  /** Rows were lost: raises the counters, so that no number is given out twice. */
  #lose(message: string): void {
    const { counter, held, notice } = this.#rows;
    this.#loss.set('message', message);
    counter.set('token', Math.max(this.#last('token') + LOST_TOKENS, this.#floor.token + LOST_TOKENS, this.#now()));
    counter.set('held', highest(this.#last('held'), held.keys()));
    counter.set('notice', highest(this.#last('notice'), notice.keys()));
  }

  /** The whole file was lost, and its watermark too. */
  #loseAll(file: string): void {
    this.#lose(damageText(file, 'missing', null));
    this.#store.put('loss', 'message', this.loss);
    for (const [name, value] of this.#rows.counter) this.#store.put('counter', name, value);
  }

  #last(name: string): number {
    return (this.#rows.counter.get(name) as number | undefined) ?? 0;
  }

  /** The floor must not be above what is durable here: a power cut would look like a loss. */
  async #raiseFloor(): Promise<void> {
    const token = this.#last('token');
    await this.#store.durable();
    await this.#floor.raise(token);
    this.#mustRaise = false;
  }

  replay(): { readonly revision: Revision; readonly rows: Iterable<StoredRow> } {
    return { revision: this.#revision, rows: this.#all() };
  }

  *#all(): Generator<StoredRow> {
    for (const table of TABLES) {
      for (const [key, value] of this.#rows[table]) yield { table, key, value } as StoredRow;
    }
  }

  append(rows: readonly StoredRow[], since: Revision): Appended {
    const revision = ++this.#lastGiven;
    if (since !== this.#revision) return { revision, stored: Promise.resolve(false) };
    this.#revision = revision;
    for (const { table, key, value } of rows) {
      setOrDelete(this.#rows[table], key, value);
      this.#store.put(table, key, value);
    }
    for (const watcher of this.#watchers) watcher(rows);
    return { revision, stored: this.#durable() };
  }

  async #durable(): Promise<true> {
    await Promise.all([this.#store.durable(), this.#mustRaise ? this.#raiseFloor() : undefined]);
    return true;
  }

  watch(listener: (rows: readonly StoredRow[]) => void): void {
    this.#watchers.push(listener);
  }

  get loss(): string | null {
    return (this.#loss.get('message') as string | undefined) ?? null;
  }

  async acceptLoss(): Promise<void> {
    const { loss } = this;
    this.#loss.clear();
    this.#store.put('loss', 'message', null);
    try {
      await this.#store.durable();
    } catch (error) {
      this.#loss.set('message', loss);
      throw error;
    }
  }

  async close(): Promise<void> {
    if (this.#last('token') > this.#floor.token) await this.#raiseFloor().catch(() => {});
    await this.#store.close();
  }
}

const tableOf = (rows: Rows): Table => ({
  load: (key, value) => setOrDelete(rows, key, value),
  all: () => rows,
});

function setOrDelete(rows: Rows, key: string, value: unknown): void {
  if (value === null) rows.delete(key);
  else rows.set(key, value);
}

/** @returns the largest of `least` and `keys`, which are numbers in decimal. */
function highest(least: number, keys: Iterable<string>): number {
  let found = least;
  for (const key of keys) found = Math.max(found, Number(key));
  return found;
}
