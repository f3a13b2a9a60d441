// A file read line by line, never more than a piece or a line of it in memory.
import fs from 'node:fs';

const NEWLINE = 0x0a;
/** A journal is read this much at a time: one of a large tree is as large as all that is known of it. */
const PIECE_BYTES = 1 << 20;
const { O_RDONLY, O_NOFOLLOW } = fs.constants;

/** Opens `file`, which is no link, for the time of `read`. */
export function reading<T>(file: string, read: (fd: number) => T): T {
  const fd = fs.openSync(file, O_RDONLY | O_NOFOLLOW);
  try {
    return read(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** The lines from `at` on; each is good until the next is asked for. The last may have no end. */
export function* linesOf(fd: number, at: number): Generator<{ readonly line: Buffer; readonly ended: boolean }> {
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
