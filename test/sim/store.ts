// The state store on a simulated disk: what was put reaches the system a moment later, and the disk when `durable` says so.
// It stands for src/disk/store.ts, whose torn lines and damage have tests of their own.
import { SyncError } from '../../src/core/errors.js';
import type { OpenStore, StoreAccess, Table } from '../../src/disk/state/store.js';
import type { JournalFile, SimDisk } from './disk.js';
import type { Process } from './world.js';

/** @returns what opens a store on `disk` for `process`. */
export const storesOn =
  (disk: SimDisk, process: Process): OpenStore =>
  (file, tables, policy) => {
    const journal = disk.journals.get(file) ?? { lines: [], durable: 0, isDamaged: false };
    disk.journals.set(file, journal);
    load(journal, tables);
    if (journal.isDamaged) {
      policy?.onDamage?.('damaged');
      const rows = Object.entries(tables).flatMap(([table, { all }]) => rowsOf(table, all.call(tables[table])));
      Object.assign(journal, { lines: [rows], durable: 1, isDamaged: false });
    }
    return { store: new SimStore(journal, process), setAside: null };
  };

function load({ lines }: JournalFile, tables: Readonly<Record<string, Table>>): void {
  for (const [table, key, value] of lines.flat()) tables[table]?.load(key, JSON.parse(JSON.stringify(value)));
}

const rowsOf = (table: string, rows: Iterable<readonly [string, unknown]>): [string, string, unknown][] =>
  Array.from(rows, ([key, value]) => [table, key, value]);

class SimStore implements StoreAccess {
  readonly #journal: JournalFile;
  readonly #process: Process;

  #pending: [string, string, unknown][] = [];
  #scheduled = false;
  #queue: Promise<void> = Promise.resolve();

  constructor(journal: JournalFile, process: Process) {
    this.#journal = journal;
    this.#process = process;
  }

  put(table: string, key: string, value: unknown): void {
    this.#pending.push([table, key, value]);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#process.clock.soon(() => {
      this.#scheduled = false;
      this.#write();
    });
  }

  #write(): void {
    if (this.#pending.length > 0) this.#journal.lines.push(this.#pending);
    this.#pending = [];
  }

  durable(): Promise<void> {
    const flushed = this.#queue.then(() => this.#flush());
    this.#queue = flushed.catch(() => {});
    return flushed;
  }

  async #flush(): Promise<void> {
    const { random, weather } = this.#process.world;
    await this.#process.step();
    if (random.chance(weather.failedSync)) throw new SyncError('failed', 'The state file cannot be written: ENOSPC.');
    this.#write();
    const length = this.#journal.lines.length;
    await this.#process.step();
    this.#journal.durable = Math.max(this.#journal.durable, length);
  }

  async close(): Promise<void> {
    await this.durable();
  }
}
