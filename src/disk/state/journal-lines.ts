// Reads a file line by line with at most one piece or one line of it in memory.
import fs from 'node:fs';

const NEWLINE = 0x0a;
/** Bytes read at a time: the journal of a large tree must not be in memory as a whole. */
const PIECE_BYTES = 1 << 20;
const { O_RDONLY, O_NOFOLLOW } = fs.constants;

/** Opens `file`, which must not be a link, while `read` runs. */
export function reading<T>(file: string, read: (fd: number) => T): T {
  const fd = fs.openSync(file, O_RDONLY | O_NOFOLLOW);
  try {
    return read(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * @returns the lines from `at` on, each valid until the next is asked for. `ended`: false for a last line without
 * newline.
 */
export function* linesOf(fd: number, at: number): Generator<{ readonly line: Buffer; readonly ended: boolean }> {
  let piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  let next = at;
  /** Bytes at the beginning of `piece` that belong to an incomplete line. */
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
