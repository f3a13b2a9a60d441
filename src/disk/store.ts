// A small state store: tables in memory, one checksummed journal on disk. Everything in it is in memory anyway, so the
// disk only has to survive: appends are whole lines with a CRC, a torn last line (kill, power cut) is dropped, damage
// anywhere else is noticed and the file set aside. (lmdb was tried: a damaged page aborts the process, a truncated file
// is a bus error; a program that guards people's work must outlive its own bookkeeping.)
import fs from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { SyncError } from '../core/errors.js';
import { systemTrouble } from '../core/system-error.js';
import { appendLines, HEADER, type Operation, putAside, readOperations, soundLength } from './journal.js';

/** When a journal is rewritten, and how. */
export interface Compaction {
  /** It has grown by this factor and by this many bytes since it was last compact. */
  readonly factor: number;
  readonly minBytes: number;
  /** Rows written before other work gets its turn. */
  readonly slice: number;
}

const COMPACTION: Compaction = { factor: 3, minBytes: 4 << 20, slice: 2_000 };

/** One table: where its records live in memory. Values are JSON; null deletes. */
export interface Table {
  load(key: string, value: unknown): void;
  all(): Iterable<readonly [key: string, value: unknown]>;
}

/** What opening found. */
export interface Opened<S = Store> {
  readonly store: S;
  /** Where a damaged or unknown file went; null where all was well. */
  readonly setAside: string | null;
}

/** What is asked of an open store. */
export type StoreAccess = Pick<Store, 'put' | 'durable' | 'close'>;

/** Opens the store at `file` and loads its tables. */
export type OpenStore = (file: string, tables: Readonly<Record<string, Table>>) => Opened<StoreAccess>;

/** A journal of table records. Writes are in order; `durable` says when they are on disk. */
export class Store {
  private pending: Operation[] = [];
  private bytes = 0;
  private compactBytes = 0;
  private since: Operation[] | null = null;
  private compaction: Promise<void> | null = null;
  private queued: Promise<void> | null = null;
  private syncing: Promise<void> | null = null;
  /** Whether a flush failed: what was written before it may be lost whatever the next one says, so all is written anew. */
  private untrusted = false;
  private writeScheduled = false;
  private closed = false;

  private constructor(
    private readonly file: string,
    private fd: number,
    private readonly tables: Readonly<Record<string, Table>>,
    private readonly when: Compaction,
  ) {}

  /**
   * Opens the journal at `file` and loads its tables. A damaged or unknown one is renamed and an empty one begun.
   * @throws SyncError `failed` where the file cannot be read or written at all.
   */
  static open(file: string, tables: Readonly<Record<string, Table>>, when: Compaction = COMPACTION): Opened {
    try {
      const found = soundLength(file);
      const setAside = found === null ? putAside(file) : null;
      const length = found ?? 0;
      let rows = 0;
      readOperations(file, length, ([table, key, value]) => {
        tables[table]?.load(key, value);
        rows++;
      });
      const fd = fs.openSync(file, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o600);
      fs.ftruncateSync(fd, length);
      const store = new Store(file, fd, tables, when);
      store.bytes = length === 0 ? fs.writeSync(fd, HEADER, 0) : length;
      store.compactBytes = length > when.minBytes ? (length * rowsOf(tables)) / rows : length;
      if (length === 0) fsyncDirectory(path.dirname(file));
      return { store, setAside };
    } catch (cause) {
      throw new SyncError('failed', `The state file ${file} cannot be opened: ${systemTrouble(cause).why}.`, {
        hint: 'Check the permissions and the free space of that directory.',
        cause,
      });
    }
  }

  /** Records `value` under `key`; null deletes. Written soon, with all that is put in the same turn of the loop. */
  put(table: string, key: string, value: unknown): void {
    if (this.closed) return;
    this.pending.push([table, key, value]);
    if (this.writeScheduled) return;
    this.writeScheduled = true;
    setImmediate(() => {
      this.writeScheduled = false;
      try {
        this.write();
      } catch {
        // It stays pending; whoever needs it on disk asks for `durable`, which tries again and says why not.
      }
    });
  }

  /**
   * Everything put before the call is on disk when this resolves. Calls that come before a flush has begun share it.
   * @throws SyncError `failed` where it cannot be written; it stays pending.
   */
  durable(): Promise<void> {
    this.queued ??= this.flush();
    return this.queued;
  }

  private async flush(): Promise<void> {
    await nextTurn();
    while (this.syncing !== null) await this.syncing;
    this.queued = null;
    this.write();
    try {
      if (this.untrusted) await this.compact();
      else await this.sync();
    } catch (error) {
      this.untrusted = true;
      throw storeFailed(this.file, error);
    }
  }

  private sync(): Promise<void> {
    const synced = promisify(fs.fdatasync)(this.fd);
    const ended = () => {
      this.syncing = null;
    };
    this.syncing = synced.then(ended, ended);
    return synced;
  }

  private write(): void {
    if (this.pending.length === 0 || this.closed) return;
    const operations = this.pending;
    try {
      this.bytes += appendLines(this.fd, operations, this.bytes);
    } catch (error) {
      throw storeFailed(this.file, error);
    }
    this.pending = [];
    if (this.since !== null) for (const operation of operations) this.since.push(operation);
    if (this.isBloated()) this.compact().catch(() => {}); // the journal as it is goes on
  }

  private isBloated(): boolean {
    const { factor, minBytes } = this.when;
    return this.bytes > factor * this.compactBytes && this.bytes - this.compactBytes > minBytes;
  }

  private compact(): Promise<void> {
    this.compaction ??= this.rewrite().finally(() => {
      this.compaction = null;
      this.since = null;
    });
    return this.compaction;
  }

  /** Writes what is live into a new file, in slices, then what was put meanwhile, and lets it take the old one's place. */
  private async rewrite(): Promise<void> {
    const since: Operation[] = [];
    this.since = since;
    this.compactBytes = this.bytes; // should this fail, it is not tried again at once
    const temporary = `${this.file}.new`;
    const fd = fs.openSync(temporary, 'w', 0o600);
    try {
      let bytes = fs.writeSync(fd, HEADER);
      for (const slice of slices(this.tables, this.when.slice)) {
        bytes += appendLines(fd, slice, bytes);
        await nextTurn();
      }
      await promisify(fs.fsync)(fd);
      while (this.syncing !== null) await this.syncing;
      bytes += appendLines(fd, since, bytes);
      fs.fsyncSync(fd);
      fs.renameSync(temporary, this.file);
      fs.closeSync(this.fd);
      this.fd = fd;
      this.bytes = bytes;
      this.compactBytes = bytes;
    } catch (error) {
      fs.closeSync(fd);
      fs.rmSync(temporary, { force: true });
      throw error;
    }
    this.untrusted = true;
    fsyncDirectory(path.dirname(this.file));
    this.untrusted = false;
  }

  /** Writes what is pending, makes it durable and closes. */
  async close(): Promise<void> {
    try {
      do {
        await this.durable();
        await this.compaction?.catch(() => {});
      } while (this.pending.length > 0);
    } finally {
      this.closed = true;
      fs.closeSync(this.fd);
    }
  }
}

function storeFailed(file: string, cause: unknown): SyncError {
  if (cause instanceof SyncError) return cause;
  return new SyncError('failed', `The state file ${file} cannot be written: ${systemTrouble(cause).why}.`, {
    hint: 'Free some space on that disk, or check its permissions.',
    cause,
  });
}

function rowsOf(tables: Readonly<Record<string, Table>>): number {
  let rows = 0;
  for (const table of Object.values(tables)) for (const _ of table.all()) rows++;
  return rows;
}

function* slices(tables: Readonly<Record<string, Table>>, length: number): Generator<Operation[]> {
  let slice: Operation[] = [];
  for (const [table, rows] of Object.entries(tables)) {
    for (const [key, value] of rows.all()) {
      slice.push([table, key, value]);
      if (slice.length < length) continue;
      yield slice;
      slice = [];
    }
  }
  if (slice.length > 0) yield slice;
}

/** Makes the names in `directory` durable. */
export function fsyncDirectory(directory: string): void {
  const fd = fs.openSync(directory, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}
