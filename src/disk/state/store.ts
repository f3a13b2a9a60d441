// A small state store: tables in memory, one journal on disk. Reads never touch the disk.
//
//   open:    check the lines against the watermark and load the rows; set a damaged journal aside and begin a new one
//   put:     queue the row; at the end of the turn append all queued rows as one line with a checksum
//   durable: append what is queued, fdatasync, move the watermark; calls before the flush begins share it
//   compact: when the journal has grown too much, write the live rows and what was put meanwhile to a new file,
//            fsync it, rename it over the old one and fsync the directory
//   mend:    when another program removed or truncated the file, compact
//   full:    what cannot be written stays queued; where that is more than there are live rows, forget it and compact as
//            soon as the disk has room
//
// After a kill or a power cut a torn last line is dropped; any other damage is noticed. (lmdb was tried: a damaged page
// aborts the process and a truncated file is a bus error, which a program that guards people's work must survive.)

import fs from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fdatasync, fsync, fsyncSync } from '../fs/flush.js';
import { cannotOpen, cannotWrite, fsyncDirectory, isFile } from '../fs/whole-file.js';
import { appendLines, headerOf, type Operation, type Position, startOf } from './journal.js';
import {
  beginJournal,
  COMPACTION,
  type Compaction,
  type DamagePolicy,
  dropBeside,
  liveBytes,
  liveRows,
  type OpenJournal,
  openJournal,
  slices,
  type Tables,
  takePlace,
} from './journal-open.js';
import { type Mark, NO_MARK } from './watermarks.js';

export type { Compaction, Table } from './journal-open.js';

/** The result of opening. */
export interface Opened<S = Store> {
  readonly store: S;
  /** The new name of a damaged or foreign file; null where there was none. */
  readonly setAside: string | null;
}

/** What users of an open store need. */
export type StoreAccess = Pick<Store, 'put' | 'durable' | 'close'>;

/** Opens the store at `file` and loads its tables. */
export type OpenStore = (file: string, tables: Tables, policy?: DamagePolicy) => Opened<StoreAccess>;

/** How a store is opened. */
interface StoreOptions extends DamagePolicy {
  readonly when?: Compaction;
  /** The watermark: records how far the journal was written. */
  readonly mark?: Mark;
  /** Called when another program has removed or changed the file; it is written again from memory. */
  readonly onReplaced?: () => void;
}

/** An open store. Writes keep their order; `durable` tells when they are on disk. */
export class Store {
  readonly #file: string;
  readonly #tables: Tables;
  readonly #when: Compaction;
  readonly #options: StoreOptions;

  #pending: Operation[] = [];
  #fd!: number;
  #ino!: number;
  #generation!: number;
  #end!: Position;
  #durableEnd!: Position;
  #compactBytes: number;
  #since: Operation[] | null = null;
  #compaction: Promise<void> | null = null;
  #queued: Promise<void> | null = null;
  #syncing: Promise<void> | null = null;
  /**
   * Whether a flush failed: what was written before may be lost even if the next flush succeeds, so compact next time.
   */
  #untrusted = false;
  /** Whether the file at the path is no longer the one that was written: compact at the next flush. */
  #isDisplaced = false;
  /** Whether rows were put that neither the file nor `#pending` has: compact before anything else is written. */
  #isBehind = false;
  /** Of more operations than this that cannot be written, none is kept. */
  #maxPending: number;
  #isClosing = false;
  #writeScheduled = false;
  #closed = false;

  private constructor(
    file: string,
    tables: Tables,
    when: Compaction,
    options: StoreOptions,
    { fd, generation, end, rows }: OpenJournal,
  ) {
    this.#file = file;
    this.#tables = tables;
    this.#when = when;
    this.#options = options;
    this.#maxPending = when.pending;

    this.#use(fd, generation, end);
    this.#compactBytes = end.bytes > when.minBytes ? liveBytes(end.bytes, rows, tables) : end.bytes;
    this.#moveWatermark();
  }

  /**
   * Opens the journal at `file` and loads its tables. A damaged or foreign one is set aside and a new one begun.
   * @throws SyncError `failed` where the file cannot be read or written at all.
   */
  static open(file: string, tables: Tables, options: StoreOptions = {}): Opened {
    const { when = COMPACTION, mark = NO_MARK } = options;
    try {
      const journal = openJournal(file, tables, mark, options);
      const store = new Store(file, tables, when, options, journal);
      mark.sync();
      return { store, setAside: journal.setAside };
    } catch (cause) {
      throw cannotOpen(file, cause);
    }
  }

  #use(fd: number, generation: number, end: Position): void {
    this.#fd = fd;
    this.#ino = fs.fstatSync(fd).ino;
    this.#generation = generation;
    this.#end = end;
    this.#durableEnd = end;
  }

  #moveWatermark(): void {
    const generation = this.#generation;
    const written = this.#end;
    const durable = this.#durableEnd;
    const closed = this.#closed;
    this.#options.mark?.write({ generation, written, durable, closed });
  }

  /** Stores `value` under `key`; null deletes. It is written soon, together with all that is put in the same turn. */
  put(table: string, key: string, value: unknown): void {
    if (this.#closed) return;
    this.#pending.push([table, key, value]);
    if (this.#writeScheduled) return;
    this.#writeScheduled = true;
    setImmediate(() => {
      this.#writeScheduled = false;
      try {
        this.#write();
      } catch {
        // It stays pending; `durable` tries again and reports the error.
      }
    });
  }

  /**
   * Resolves when everything put before the call is on disk. Calls before a flush begins share it.
   * @throws SyncError `failed` where that cannot be written; it stays pending.
   */
  durable(): Promise<void> {
    this.#queued ??= this.#flush();
    return this.#queued;
  }

  async #flush(): Promise<void> {
    await nextTurn();
    while (this.#syncing !== null) await this.#syncing;
    this.#queued = null;
    this.#write();
    try {
      if (this.#untrusted || this.#isDisplaced || this.#isBehind) await this.#compact();
      else await this.#sync();
    } catch (error) {
      this.#untrusted ||= !this.#isDisplaced;
      throw cannotWrite(this.#file, error);
    }
  }

  /** Checks that the file is still the one that was written; if not, the next flush writes it again. */
  #check(): void {
    if (this.#closed || this.#isClosing || this.#compaction !== null || this.#isDisplaced) return;
    if (isFile(this.#file, this.#ino, this.#end.bytes)) return;
    this.#isDisplaced = true;
    this.#options.onReplaced?.();
  }

  /**
   * Writes the file again where another program removed or changed it, or where it is behind what was put.
   * @throws as `durable`.
   */
  async mend(): Promise<void> {
    this.#check();
    if ((this.#isDisplaced || this.#isBehind) && !this.#closed) await this.durable();
  }

  #sync(): Promise<void> {
    const end = this.#end;
    const synced = fdatasync(this.#fd).then(() => {
      this.#durableEnd = end;
      this.#moveWatermark();
    });
    const ended = () => {
      this.#syncing = null;
    };
    this.#syncing = synced.then(ended, ended);
    return synced;
  }

  #write(): void {
    this.#check();
    if (this.#pending.length === 0 || this.#closed) return;
    try {
      if (!this.#isBehind) {
        this.#end = appendLines(this.#fd, this.#pending, this.#end);
        this.#moveWatermark();
      }
    } catch (error) {
      this.#limitPending();
      throw cannotWrite(this.#file, error);
    }
    this.#passOn();
    if (!this.#isBehind && this.#isBloated()) this.#compact().catch(() => {}); // the present journal stays in use
  }

  /** What was pending is written, or a compaction will write it: one that is running needs it as well. */
  #passOn(): void {
    if (this.#since !== null) for (const operation of this.#pending) this.#since.push(operation);
    this.#pending = [];
  }

  /** Many operations that cannot be written take more memory than the live rows, which a compaction writes as well. */
  #limitPending(): void {
    if (this.#pending.length <= this.#maxPending) return;
    this.#maxPending = Math.max(this.#when.pending, liveRows(this.#tables));
    if (this.#pending.length <= this.#maxPending) return;
    this.#isBehind = true;
    this.#passOn();
  }

  #isBloated(): boolean {
    const { factor, minBytes } = this.#when;
    const { bytes } = this.#end;
    return bytes > factor * this.#compactBytes && bytes - this.#compactBytes > minBytes;
  }

  #compact(): Promise<void> {
    this.#compaction ??= this.#rewrite().finally(() => {
      this.#compaction = null;
      this.#since = null;
    });
    return this.#compaction;
  }

  /** Writes the live rows to a new file, in slices, then what was put meanwhile, and renames it over the old one. */
  async #rewrite(): Promise<void> {
    const since: Operation[] = [];
    this.#since = since;
    this.#compactBytes = this.#end.bytes; // after a failure, do not try again at once
    const generation = this.#generation + 1;
    const fd = beginJournal(this.#file, generation);
    try {
      let end = startOf(headerOf(generation));
      for (const slice of slices(this.#tables, this.#when.slice)) {
        end = appendLines(fd, slice, end);
        await nextTurn();
      }
      await fsync(fd);
      while (this.#syncing !== null) await this.#syncing;
      end = appendLines(fd, since, end);
      fsyncSync(fd);
      takePlace(this.#file);
      fs.closeSync(this.#fd);
      this.#use(fd, generation, end);
      this.#compactBytes = end.bytes;
      this.#isDisplaced = false;
      this.#isBehind = false;
    } catch (error) {
      fs.closeSync(fd);
      dropBeside(this.#file);
      throw error;
    }
    this.#untrusted = true;
    fsyncDirectory(path.dirname(this.#file));
    this.#untrusted = false;
    this.#moveWatermark();
  }

  /** Writes what is pending, makes it durable and closes. */
  async close(): Promise<void> {
    // If the file cannot be written any more, the next start finds that it is missing.
    await this.mend().catch(() => {});
    this.#isClosing = true;
    this.#isDisplaced = false;
    try {
      do {
        await this.durable();
        await this.#compaction?.catch(() => {});
      } while (this.#pending.length > 0);
      this.#closed = true;
      this.#moveWatermark();
    } finally {
      this.#closed = true;
      fs.closeSync(this.#fd);
    }
  }
}
