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
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  let begun: Buffer[] = [];
  let next = at;
  for (;;) {
    const read = fs.readSync(fd, piece, 0, piece.length, next);
    if (read === 0) break;
    next += read;
    let from = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0 && end < read; end = piece.indexOf(NEWLINE, from)) {
      const rest = piece.subarray(from, end);
      yield { line: begun.length === 0 ? rest : Buffer.concat([...begun, rest]), ended: true };
      begun = [];
      from = end + 1;
    }
    if (from < read) begun.push(Buffer.from(piece.subarray(from, read)));
  }
  if (begun.length > 0) yield { line: Buffer.concat(begun), ended: false };
}

const isSound = (line: Buffer): boolean =>
  line.length >= PREFIX && line.toString('latin1', 0, PREFIX) === `${checksum(line.subarray(PREFIX))} `;

/** @returns where the file went. */
export function putAside(file: string): string {
  const aside = `${file}.damaged-${new Date().toISOString().replaceAll(':', '-')}`;
  fs.renameSync(file, aside);
  return aside;
}
