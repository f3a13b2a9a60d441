// The lines of the state store's journal: what is in a file, and how a line is added to it. A line is a checksum, a blank
// and JSON, so that a torn last line (kill, power cut) is told from a whole one, and damage anywhere is noticed.
import fs from 'node:fs';
import { crc32 } from 'node:zlib';

export const HEADER = 'lockstep-store 1\n';
const NEWLINE = 0x0a;
/** Characters before the JSON of a line: eight of checksum and a blank. */
const PREFIX = 9;

/** A record of a table under its key; null deletes it. */
export type Operation = readonly [table: string, key: string, value: unknown];

/** @returns how many bytes were added at `position`. */
export function appendLine(fd: number, operations: readonly Operation[], position: number): number {
  const json = JSON.stringify(operations);
  const line = Buffer.from(`${checksum(Buffer.from(json))} ${json}\n`);
  let written = 0;
  while (written < line.length) {
    written += fs.writeSync(fd, line, written, line.length - written, position + written);
  }
  return line.length;
}

const checksum = (bytes: Buffer): string => crc32(bytes).toString(16).padStart(8, '0');

/** What a file holds. */
export interface Journal {
  readonly operations: readonly Operation[];
  /** Bytes that are sound. */
  readonly length: number;
}

export const NOTHING: Journal = { operations: [], length: 0 };

/** @returns null where the file is damaged, or none of ours. */
export function readJournal(file: string): Journal | null {
  if (!fs.existsSync(file)) return NOTHING;
  const bytes = fs.readFileSync(file);
  const header = bytes.toString('latin1', 0, HEADER.length);
  if (header !== HEADER) return bytes.length < HEADER.length && HEADER.startsWith(header) ? NOTHING : null;
  const operations: Operation[] = [];
  let at = HEADER.length;
  while (at < bytes.length) {
    const end = bytes.indexOf(NEWLINE, at);
    const line = end < 0 ? null : readLine(bytes.subarray(at, end));
    if (line === null) return end < 0 || end === bytes.length - 1 ? { operations, length: at } : null;
    for (const operation of line) operations.push(operation);
    at = end + 1;
  }
  return { operations, length: at };
}

function readLine(line: Buffer): Operation[] | null {
  if (line.length < PREFIX || line.toString('latin1', 0, PREFIX) !== `${checksum(line.subarray(PREFIX))} `) return null;
  return JSON.parse(line.toString('utf8', PREFIX)) as Operation[];
}

/** @returns where the file went. */
export function putAside(file: string): string {
  const aside = `${file}.damaged-${new Date().toISOString().replaceAll(':', '-')}`;
  fs.renameSync(file, aside);
  return aside;
}
