// The lines of the state store's journal: what is in a file, and how a line is added to it. A line is a checksum, a blank
// and JSON. The checksum goes on from that of the line before, and the first one from that of the header, so that a line
// that is missing, doubled or of another journal is noticed like one that was changed.
import fs from 'node:fs';
import { crc32 } from 'node:zlib';
import { linesOf, reading } from './journal-lines.js';

/** Version 1 had a checksum for each line alone. A journal of it is read once and written anew. */
const HEADER = /^lockstep-store (?:1|2 ([1-9]\d{0,14}))\n/;
const HEADER_BYTES = 64;
/** Characters before the JSON of a line: eight of checksum and a blank. */
const PREFIX = 9;
/** What is put in one turn may be a whole tree; a line is made, and read, as one. */
const LINE_OPERATIONS = 10_000;

/** A record of a table under its key; null deletes it. */
export type Operation = readonly [table: string, key: string, value: unknown];

/** A place between two lines. */
export interface Position {
  readonly bytes: number;
  /** The checksum of all lines before it. */
  readonly chain: number;
}

/** The header of the `generation`-th writing of a journal. */
export const headerOf = (generation: number): string => `lockstep-store 2 ${generation}\n`;

/** @returns the place behind the header. */
export const startOf = (header: string): Position => ({ bytes: header.length, chain: crc32(header) });

/**
 * Adds `operations` in as few lines as may be; where that fails they can be added once more at the same position.
 * @returns the place behind them.
 */
export function appendLines(fd: number, operations: readonly Operation[], at: Position): Position {
  let end = at;
  for (let n = 0; n < operations.length; n += LINE_OPERATIONS) {
    end = appendLine(fd, operations.slice(n, n + LINE_OPERATIONS), end);
  }
  return end;
}

function appendLine(fd: number, operations: readonly Operation[], at: Position): Position {
  const json = Buffer.from(JSON.stringify(operations));
  const chain = crc32(json, at.chain);
  const line = Buffer.concat([Buffer.from(`${hex(chain)} `), json, Buffer.from('\n')]);
  let written = 0;
  while (written < line.length) {
    written += fs.writeSync(fd, line, written, line.length - written, at.bytes + written);
  }
  return { bytes: at.bytes + line.length, chain };
}

export const hex = (checksum: number): string => checksum.toString(16).padStart(8, '0');

/** What stands at the beginning of a journal. */
export interface Head {
  /** Whether each checksum goes on from the one before. */
  readonly chained: boolean;
  readonly generation: number;
  readonly start: Position;
}

/** @returns the head of the journal `fd`; null where that is none of ours, or not whole. */
export function headOf(fd: number): Head | null {
  const bytes = Buffer.alloc(HEADER_BYTES);
  const text = bytes.toString('latin1', 0, fs.readSync(fd, bytes, 0, HEADER_BYTES, 0));
  const [header, generation] = HEADER.exec(text) ?? [];
  if (header === undefined) return null;
  return { chained: generation !== undefined, generation: Number(generation ?? 0), start: startOf(header) };
}

/** @returns the checksum of the journal up to and with `line`, which follows `chain`; null where the line is not sound. */
export function follow({ chained }: Head, line: Buffer, chain: number): number | null {
  const stated = statedBy(line);
  return stated !== null && crc32(line.subarray(PREFIX), chained ? chain : 0) === stated ? stated : null;
}

function statedBy(line: Buffer): number | null {
  const prefix = line.toString('latin1', 0, PREFIX);
  return /^[0-9a-f]{8} $/.test(prefix) ? Number.parseInt(prefix, 16) : null;
}

/** Gives `take` what `file` holds up to `until`, which is sound; never more than a line of it is in memory. */
export function readOperations(file: string, until: number, take: (operation: Operation) => void): void {
  reading(file, (fd) => {
    let at = headOf(fd)!.start.bytes;
    for (const { line } of linesOf(fd, at)) {
      at += line.length + 1;
      if (at > until) return;
      takeLine(line, take);
    }
  });
}

/**
 * Gives `take` whatever is sound in a damaged journal: each line that follows from what the line before it is, or says it
 * is. A line behind a missing one cannot be told from a foreign one, and is left out.
 */
export function salvageOperations(file: string, take: (operation: Operation) => void): void {
  reading(file, (fd) => {
    const head = headOf(fd);
    if (head === null) return;
    let chains = [head.start.chain];
    for (const { line, ended } of linesOf(fd, head.start.bytes)) {
      const sound = ended && chains.some((chain) => follow(head, line, chain) !== null);
      if (sound) takeLine(line, take);
      const stated = statedBy(line);
      const computed = chains.map((chain) => crc32(line.subarray(PREFIX), chain));
      chains = sound ? [stated!] : [...(stated === null ? [] : [stated]), computed[0]!];
    }
  });
}

function takeLine(line: Buffer, take: (operation: Operation) => void): void {
  for (const operation of JSON.parse(line.toString('utf8', PREFIX)) as Operation[]) take(operation);
}

/** What must be found in a file at least. */
export interface Expectation extends Position {
  readonly generation: number;
  readonly closed: boolean;
}
