// The line format of the state store's journal. A line is a CRC-32 in hex, a blank and JSON. Each checksum continues
// that of the line before, the first one that of the header, so that a missing, repeated or foreign line is noticed
// like a changed one.
import fs from 'node:fs';
import { crc32 } from 'node:zlib';
import { linesOf, reading } from './journal-lines.js';

/** Version 1 had independent checksums. Such a journal is read once and written again in version 2. */
const HEADER = /^lockstep-store (?:1|2 ([1-9]\d{0,14}))\n/;
const HEADER_BYTES = 64;
/** Characters before the JSON of a line: eight for the checksum and a blank. */
const PREFIX = 9;
/** The most operations in one line. A line is built and read as a whole, and one write may contain a whole tree. */
const LINE_OPERATIONS = 10_000;

/** A record of a table under its key; null deletes it. */
export type Operation = readonly [table: string, key: string, value: unknown];

/** A place between two lines. */
export interface Position {
  readonly bytes: number;
  /** The checksum of all lines before it. */
  readonly chain: number;
}

/** @returns the header of the `generation`-th rewriting of a journal. */
export const headerOf = (generation: number): string => `lockstep-store 2 ${generation}\n`;

/** @returns the position after the header. */
export const startOf = (header: string): Position => ({ bytes: header.length, chain: crc32(header) });

/**
 * Writes `operations` at `at`, in as few lines as possible. After a failure they can be written again at the same
 * position.
 * @returns the position after them.
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

/** The parsed header of a journal. */
export interface Head {
  /** Whether each checksum continues the one before (version 2). */
  readonly chained: boolean;
  readonly generation: number;
  readonly start: Position;
}

/** @returns the header of the journal `fd`; null where it is foreign or incomplete. */
export function headOf(fd: number): Head | null {
  const bytes = Buffer.alloc(HEADER_BYTES);
  const text = bytes.toString('latin1', 0, fs.readSync(fd, bytes, 0, HEADER_BYTES, 0));
  const [header, generation] = HEADER.exec(text) ?? [];
  if (header === undefined) return null;
  return { chained: generation !== undefined, generation: Number(generation ?? 0), start: startOf(header) };
}

/** @returns the checksum of the journal including `line`, which follows `chain`; null where the line is invalid. */
export function follow({ chained }: Head, line: Buffer, chain: number): number | null {
  const stated = statedBy(line);
  return stated !== null && crc32(line.subarray(PREFIX), chained ? chain : 0) === stated ? stated : null;
}

function statedBy(line: Buffer): number | null {
  const prefix = line.toString('latin1', 0, PREFIX);
  return /^[0-9a-f]{8} $/.test(prefix) ? Number.parseInt(prefix, 16) : null;
}

/** Calls `take` with each operation of `file` up to `until`, where the valid lines end. */
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
 * Calls `take` with each operation in the valid lines of a damaged journal. A line is valid if its checksum continues
 * the stated or the computed checksum of the line before. A line after a missing one cannot be told from a foreign one
 * and is left out.
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

/** What a file must contain at least, according to its watermark. */
export interface Expectation extends Position {
  readonly generation: number;
  readonly closed: boolean;
}
