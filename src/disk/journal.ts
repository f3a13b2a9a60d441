// The lines of the state store's journal: what is in a file, and how a line is added to it. A line is a checksum, a blank
// and JSON, so that a torn last line (kill, power cut) is told from a whole one, and damage anywhere is noticed.
import fs from 'node:fs';
import { crc32 } from 'node:zlib';

export const HEADER = 'lockstep-store 1\n';
const NEWLINE = 0x0a;
/** Characters before the JSON of a line: eight of checksum and a blank. */
const PREFIX = 9;
/** A journal is read this much at a time: one of a large tree is as large as all that is known of it. */
const PIECE_BYTES = 1 << 20;
/** What is put in one turn may be a whole tree; a line is made, and read, as one. */
const LINE_OPERATIONS = 10_000;

/** A record of a table under its key; null deletes it. */
export type Operation = readonly [table: string, key: string, value: unknown];

/**
 * Adds `operations` in as few lines as may be; where that fails they can be added once more at the same position.
 * @returns how many bytes were added at `position`.
 */
export function appendLines(fd: number, operations: readonly Operation[], position: number): number {
  let bytes = 0;
  for (let n = 0; n < operations.length; n += LINE_OPERATIONS) {
    bytes += appendLine(fd, operations.slice(n, n + LINE_OPERATIONS), position + bytes);
  }
  return bytes;
}

function appendLine(fd: number, operations: readonly Operation[], position: number): number {
  const json = JSON.stringify(operations);
  const line = Buffer.from(`${checksum(Buffer.from(json))} ${json}\n`);
  let written = 0;
  while (written < line.length) {
    written += fs.writeSync(fd, line, written, line.length - written, position + written);
  }
  return line.length;
}

const checksum = (bytes: Buffer): string => crc32(bytes).toString(16).padStart(8, '0');

/**
 * @returns how many bytes of `file` are sound, 0 where there is none; null where it is damaged, or none of ours. A torn
 *   last line is no damage.
 */
export function soundLength(file: string): number | null {
  if (!fs.existsSync(file)) return 0;
  return reading(file, (fd) => {
    const head = Buffer.alloc(HEADER.length);
    const header = head.toString('latin1', 0, fs.readSync(fd, head, 0, head.length, 0));
    if (header !== HEADER) return HEADER.startsWith(header) ? 0 : null;
    let at = HEADER.length;
    let isTorn = false;
    for (const { line, ended } of linesOf(fd, at)) {
      if (isTorn) return null;
      isTorn = !ended || !isSound(line);
      if (!isTorn) at += line.length + 1;
    }
    return at;
  });
}

/** Gives `take` what the first `length` bytes of `file` hold, which are sound; never more than a line of it is in memory. */
export function readOperations(file: string, length: number, take: (operation: Operation) => void): void {
  if (length === 0) return;
  reading(file, (fd) => {
    let at = HEADER.length;
    for (const { line } of linesOf(fd, at)) {
      at += line.length + 1;
      if (at > length) return;
      for (const operation of JSON.parse(line.toString('utf8', PREFIX)) as Operation[]) take(operation);
    }
  });
}

function reading<T>(file: string, read: (fd: number) => T): T {
  const fd = fs.openSync(file, 'r');
  try {
    return read(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** The lines from `at` on; each is good until the next is asked for. The last may have no end. */
function* linesOf(fd: number, at: number): Generator<{ readonly line: Buffer; readonly ended: boolean }> {
  let piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  let next = at;
  /** How many bytes of a line that is not whole yet are at the beginning of `piece`. */
  let begun = 0;
  for (;;) {
    if (begun === piece.length) piece = Buffer.concat([piece], 2 * piece.length);
    const read = fs.readSync(fd, piece, begun, piece.length - begun, next);
    if (read === 0) break;
    next += read;
    const filled = begun + read;
    let from = 0;
    for (let end = piece.indexOf(NEWLINE, begun); end >= 0 && end < filled; end = piece.indexOf(NEWLINE, from)) {
      yield { line: piece.subarray(from, end), ended: true };
      from = end + 1;
    }
    piece.copyWithin(0, from, filled);
    begun = filled - from;
  }
  if (begun > 0) yield { line: piece.subarray(0, begun), ended: false };
}

const isSound = (line: Buffer): boolean =>
  line.length >= PREFIX && line.toString('latin1', 0, PREFIX) === `${checksum(line.subarray(PREFIX))} `;

/** @returns where the file went. */
export function putAside(file: string): string {
  const aside = `${file}.damaged-${new Date().toISOString().replaceAll(':', '-')}`;
  fs.renameSync(file, aside);
  return aside;
}
