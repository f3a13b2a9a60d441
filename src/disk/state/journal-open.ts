// A journal as it is opened: checked against what is known to have been written, loaded, and where it is damaged set aside
// and begun anew.
import fs from 'node:fs';
import path from 'node:path';
import { fsyncDirectory, inItsDirectory, setAside } from '../fs/whole-file.js';
import {
  appendLines,
  headerOf,
  type Operation,
  type Position,
  readOperations,
  salvageOperations,
  startOf,
} from './journal.js';
import { checkJournal, type DamageKind, type Found } from './journal-check.js';
import type { Mark } from './watermarks.js';

/** When a journal is rewritten, and how. */
export interface Compaction {
  /** It has grown by this factor and by this many bytes since it was last compact. */
  readonly factor: number;
  readonly minBytes: number;
  /** Rows written before other work gets its turn. */
  readonly slice: number;
}

export const COMPACTION: Compaction = { factor: 3, minBytes: 4 << 20, slice: 2_000 };

/** One table: where its records live in memory. Values are JSON; null deletes. */
export interface Table {
  load(key: string, value: unknown): void;
  all(): Iterable<readonly [key: string, value: unknown]>;
}

export type Tables = Readonly<Record<string, Table>>;

/** What becomes of a journal that is damaged. */
export interface DamagePolicy {
  /** Whether the records that are sound are used all the same; else a damaged journal counts as none. */
  readonly salvage?: boolean;
  /**
   * Called once what can be is in the tables, and before a new journal takes the damaged one's place: a kill in between
   * finds the damage once more. What it puts into the tables is in the new journal.
   * @param kind what is wrong; of one with a strange `tail` nothing is lost.
   */
  readonly onDamage?: (kind: DamageKind) => void;
  /** Says to people what follows from damage by which something was lost. */
  readonly consequence?: string;
}

/** A journal that is open for appending. */
export interface OpenJournal {
  readonly fd: number;
  readonly generation: number;
  readonly end: Position;
  /** How many rows were read. */
  readonly rows: number;
  readonly damage: DamageKind | null;
  /** Where a damaged or unknown file went; null where all was well, or where none was. */
  readonly setAside: string | null;
}

/** @throws the system's error where it cannot be read or written at all. */
export function openJournal(file: string, tables: Tables, mark: Mark, policy: DamagePolicy): OpenJournal {
  const known = mark.read();
  const found = checkJournal(file, known);
  const { damage, head, end } = found;
  const rows = load(file, tables, found, policy);
  if (damage !== null) policy.onDamage?.(damage);
  const aside = damage === null ? null : setAside(file);
  if (damage === null && head?.chained) {
    const fd = inItsDirectory(file, (at) => fs.openSync(at, fs.constants.O_RDWR | fs.constants.O_NOFOLLOW));
    fs.ftruncateSync(fd, end.bytes);
    fs.fdatasyncSync(fd);
    return { fd, generation: head.generation, end, rows, damage, setAside: aside };
  }
  const generation = Math.max(head?.generation ?? 0, known?.generation ?? 0) + 1;
  const { fd, end: newEnd } = writeJournal(file, tables, generation);
  return { fd, generation, end: newEnd, rows, damage, setAside: aside };
}

function load(file: string, tables: Tables, { exists, end, damage }: Found, { salvage }: DamagePolicy): number {
  let rows = 0;
  const take = ([table, key, value]: Operation) => {
    tables[table]?.load(key, value);
    rows++;
  };
  const isLost = damage !== null && damage !== 'tail';
  if (!isLost && end.bytes > 0) readOperations(file, end.bytes, take);
  else if (salvage && exists && damage !== 'foreign') salvageOperations(file, take);
  return rows;
}

function writeJournal(file: string, tables: Tables, generation: number): { fd: number; end: Position } {
  const fd = beginJournal(file, generation);
  try {
    let end = startOf(headerOf(generation));
    for (const slice of slices(tables, 2_000)) end = appendLines(fd, slice, end);
    fs.fsyncSync(fd);
    takePlace(file);
    fsyncDirectory(path.dirname(file));
    return { fd, end };
  } catch (error) {
    fs.closeSync(fd);
    dropBeside(file);
    throw error;
  }
}

/** The next generation of a journal is whole, and becomes the journal. */
export const takePlace = (file: string): void =>
  inItsDirectory(file, (spelled, beside) => fs.renameSync(beside, spelled));

/** The next generation of a journal came to nothing. */
export function dropBeside(file: string): void {
  try {
    inItsDirectory(file, (_, beside) => fs.rmSync(beside, { force: true }));
  } catch {
    // Its directory has gone, too.
  }
}

/** @returns the descriptor of a new journal beside `file`, with nothing in it but its header. */
export function beginJournal(file: string, generation: number): number {
  const fd = inItsDirectory(file, (_, beside) => {
    fs.rmSync(beside, { force: true });
    return fs.openSync(beside, 'wx+', 0o600);
  });
  fs.writeSync(fd, headerOf(generation));
  return fd;
}

/** Everything that is in `tables`, in slices of `length` records. */
export function* slices(tables: Tables, length: number): Generator<Operation[]> {
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

/** @returns about how many of `bytes`, which hold `rows` records, are of what is in `tables` still. */
export function liveBytes(bytes: number, rows: number, tables: Tables): number {
  let live = 0;
  for (const table of Object.values(tables)) for (const _ of table.all()) live++;
  return rows === 0 ? bytes : (bytes * live) / rows;
}
