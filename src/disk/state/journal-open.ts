// Opens a journal: checks it against its watermark and loads it. A damaged one is set aside, and a new one is written
// with what could be loaded.

import fs from 'node:fs';
import path from 'node:path';
import { fdatasyncSync, fsyncSync } from '../fs/flush.js';
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

/** When a journal is compacted (rewritten with the live records only), and how. */
export interface Compaction {
  /** It is compacted when it has grown by this factor and by this many bytes since the last time. */
  readonly factor: number;
  readonly minBytes: number;
  /** Rows written before other work may run. */
  readonly slice: number;
  /** Operations that are kept while they cannot be written; where there are more live rows than these, so many. */
  readonly pending: number;
}

export const COMPACTION: Compaction = { factor: 3, minBytes: 4 << 20, slice: 2_000, pending: 10_000 };

/** One table of the store, with its records in memory. Values are JSON; null deletes. */
export interface Table {
  load(key: string, value: unknown): void;
  all(): Iterable<readonly [key: string, value: unknown]>;
}

export type Tables = Readonly<Record<string, Table>>;

/** What to do with a damaged journal. */
export interface DamagePolicy {
  /** Whether its valid records are loaded all the same; by default a damaged journal counts as empty. */
  readonly salvage?: boolean;
  /**
   * Called after loading and before a new journal replaces the damaged one: after a kill in between, the next start
   * finds the damage again. What the callback puts into the tables is in the new journal.
   */
  readonly onDamage?: (kind: DamageKind) => void;
  /** What follows from a loss of records, for people. */
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
  /** The new name of a damaged or foreign file; null where there was none. */
  readonly setAside: string | null;
}

/**
 * Opens the journal `file` and loads `tables`. @throws the system's error where it cannot be read or written at all.
 */
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
    fdatasyncSync(fd);
    return { fd, generation: head.generation, end, rows, damage, setAside: aside };
  }
  const generation = Math.max(head?.generation ?? 0, known?.generation ?? 0) + 1;
  const { fd, end: newEnd } = writeJournal(file, tables, generation);
  return { fd, generation, end: newEnd, rows, damage, setAside: aside };
}

function load(file: string, tables: Tables, { exists, end, damage }: Found, { salvage }: DamagePolicy): number {
  let rows = 0;
  const loadOne = ([table, key, value]: Operation) => {
    tables[table]?.load(key, value);
    rows++;
  };
  const isLost = damage !== null && damage !== 'tail';
  if (!isLost && end.bytes > 0) readOperations(file, end.bytes, loadOne);
  else if (salvage && exists && damage !== 'foreign') salvageOperations(file, loadOne);
  return rows;
}

function writeJournal(file: string, tables: Tables, generation: number): { fd: number; end: Position } {
  const fd = beginJournal(file, generation);
  try {
    let end = startOf(headerOf(generation));
    for (const slice of slices(tables, 2_000)) end = appendLines(fd, slice, end);
    fsyncSync(fd);
    takePlace(file);
    fsyncDirectory(path.dirname(file));
    return { fd, end };
  } catch (error) {
    fs.closeSync(fd);
    dropBeside(file);
    throw error;
  }
}

/** Renames the complete next generation of a journal to `file`. */
export const takePlace = (file: string): void =>
  inItsDirectory(file, (spelled, beside) => fs.renameSync(beside, spelled));

/** Deletes the next generation of a journal that could not be completed. */
export function dropBeside(file: string): void {
  try {
    inItsDirectory(file, (_, beside) => fs.rmSync(beside, { force: true }));
  } catch {
    // Its directory is gone as well.
  }
}

/** @returns the descriptor of a new journal beside `file` that has only its header. */
export function beginJournal(file: string, generation: number): number {
  const fd = inItsDirectory(file, (_, beside) => {
    fs.rmSync(beside, { force: true });
    return fs.openSync(beside, 'wx+', 0o600);
  });
  fs.writeSync(fd, headerOf(generation));
  return fd;
}

/** @returns all records of `tables`, in slices of at most `length`. */
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

/**
 * @returns an estimate of how many of `bytes`, which hold `rows` records, belong to records that are still in `tables`.
 */
export function liveBytes(bytes: number, rows: number, tables: Tables): number {
  return rows === 0 ? bytes : (bytes * liveRows(tables)) / rows;
}

/** @returns how many records `tables` have. */
export function liveRows(tables: Tables): number {
  let live = 0;
  for (const table of Object.values(tables)) for (const _ of table.all()) live++;
  return live;
}
