// Contents on their way out: files in order, in pieces. The reader opens what it was asked for without following links
// and gives up early when the size is not the announced one; the receiver's hash has the last word.
import fs from 'node:fs';
import { promisify } from 'node:util';
import { nameOf, parentOf } from '../core/path.js';
import type { Content, Wanted } from '../sync/replica.js';
import { Parents } from './parents.js';
import { readOutcomeOf } from './trouble.js';

const readAsync = promisify(fs.read);

/** Size of a piece in bytes; also the largest file that is read in one step. */
export const PIECE_BYTES = 512 << 10;
/** Files read before other work gets its turn. */
const TURN_FILES = 32;

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

/**
 * The contents of `wanted`, one after the other.
 * @param root absolute real path of the root they are in.
 */
export async function* readContents(root: string, wanted: readonly Wanted[]): AsyncGenerator<Content> {
  const parents = new Parents(root);
  try {
    for (const [n, { path, file }] of wanted.entries()) {
      if (n % TURN_FILES === TURN_FILES - 1) await new Promise((resolve) => setImmediate(resolve));
      parents.trim();
      yield* readContent(n, () => parents.at(parentOf(path), nameOf(path)), file.size);
    }
  } finally {
    parents.close();
  }
}

/** The content of one file; `locate` may throw the system's error. */
export async function* readContent(n: number, locate: () => string, size: number): AsyncGenerator<Content> {
  let fd = -1;
  try {
    fd = fs.openSync(locate(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const stats = fs.fstatSync(fd);
    if (!stats.isFile() || stats.size !== size) yield { n, failed: { kind: 'stale' } };
    else if (size <= PIECE_BYTES) yield readWhole(n, fd, size);
    else yield* readPieces(n, fd, size);
  } catch (error) {
    yield { n, failed: readOutcomeOf(error) };
  } finally {
    if (fd >= 0) fs.closeSync(fd);
  }
}

function readWhole(n: number, fd: number, size: number): Content {
  const data = Buffer.allocUnsafe(size);
  let at = 0;
  while (at < size) {
    const bytes = fs.readSync(fd, data, at, size - at, at);
    if (bytes === 0) return { n, failed: { kind: 'stale' } };
    at += bytes;
  }
  return { n, data, last: true };
}

/** One piece is read ahead while the one before is on its way. */
async function* readPieces(n: number, fd: number, size: number): AsyncGenerator<Content> {
  let next = readPiece(fd, 0, size);
  try {
    for (let at = 0; at < size; ) {
      const data = await next;
      if (data === null) {
        yield { n, failed: { kind: 'stale' } };
        return;
      }
      at += data.length;
      if (at < size) next = readPiece(fd, at, size);
      next.catch(() => {});
      yield { n, data, last: at === size };
    }
  } finally {
    await next.catch(() => {});
  }
}

async function readPiece(fd: number, position: number, size: number): Promise<Buffer | null> {
  const data = Buffer.allocUnsafe(Math.min(PIECE_BYTES, size - position));
  const { bytesRead } = await readAsync(fd, data, 0, data.length, position);
  return bytesRead === 0 ? null : data.subarray(0, bytesRead);
}
