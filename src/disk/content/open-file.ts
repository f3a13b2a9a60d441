// A file that is open for a client's download: the opened file is read to its end even if its path is replaced or
// removed meanwhile. A write into the open file itself is detected.

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { promisify } from 'node:util';
import { advise } from '../../core/advice.js';
import { CONTENT_HASH, type FileEntry } from '../../core/entry.js';
import { SyncError } from '../../core/errors.js';
import { nameOf, parentOf, quote, type RelPath } from '../../core/path.js';
import { systemTrouble } from '../../core/system-error.js';
import type { Root } from '../fs/parents.js';
import { Parents } from '../fs/parents.js';
import { microseconds, modeOf } from '../fs/signature.js';
import type { Scanner } from '../scan/scanner.js';
import { isUnchanged } from '../scan/survey.js';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
const readAsync = promisify(fs.read);
/** Bytes of a piece: small, so that many readers at once take little memory and wait little for each other. */
const PIECE_BYTES = 256 << 10;
/** How often a file is read because it was written meanwhile. */
const MAX_READINGS = 4;

/** One piece of an open file; its memory is reused after `release`. */
interface Piece {
  readonly data: Buffer;
  readonly release: () => void;
}

/** An open regular file whose hash is known. */
export class OpenContent {
  readonly #path: RelPath;
  readonly #fd: number;
  readonly #stats: fs.Stats;

  private constructor(
    path: RelPath,
    fd: number,
    stats: fs.Stats,
    readonly file: FileEntry,
  ) {
    this.#path = path;
    this.#fd = fd;
    this.#stats = stats;
  }

  /**
   * Opens the file at `path`; links are not followed.
   * @returns null where there is no regular file.
   * @throws SyncError `busy` where it is written all the time, `failed` where it cannot be read.
   */
  static async open(root: string | Root, scanner: Scanner, path: RelPath): Promise<OpenContent | null> {
    const fd = openIn(root, path);
    if (fd === null) return null;
    try {
      const known = scanner.snapshot.get(path);
      for (let n = 0; n < MAX_READINGS; n++) {
        const stats = fs.fstatSync(fd);
        if (!stats.isFile()) break;
        if (known?.type === 'file' && isUnchanged(stats, known)) return new OpenContent(path, fd, stats, plain(known));
        const hash = await digestOf(fd, stats.size);
        if (hash !== null && sameSizeAndTime(fd, stats)) return new OpenContent(path, fd, stats, fileOf(stats, hash));
        if (n === MAX_READINGS - 1) throw beingWritten(path);
      }
    } catch (error) {
      fs.closeSync(fd);
      throw error instanceof SyncError ? error : unreadable(path, error);
    }
    fs.closeSync(fd);
    return null;
  }

  /**
   * @returns the content from byte `from` on.
   * @throws SyncError `busy` where somebody wrote into the file: what was read may be of two versions.
   */
  async *pieces(from: number): AsyncGenerator<Piece> {
    const free: Buffer[] = [];
    const { size } = this.file;
    for (let at = from; at < size; ) {
      const whole = free.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);
      const { bytesRead } = await readAsync(this.#fd, whole, 0, Math.min(PIECE_BYTES, size - at), at);
      if (bytesRead === 0) throw beingWritten(this.#path);
      at += bytesRead;
      if (at === size && !(await this.#isWhole())) throw beingWritten(this.#path);
      yield { data: whole.subarray(0, bytesRead), release: () => void free.push(whole) };
    }
  }

  /** Whether the content did not change while it was read. Where only the time was set, the hash shows that. */
  async #isWhole(): Promise<boolean> {
    if (sameSizeAndTime(this.#fd, this.#stats)) return true;
    const { size, hash } = this.file;
    return (await digestOf(this.#fd, size)) === hash;
  }

  close(): void {
    fs.closeSync(this.#fd);
  }
}

function openIn(root: string | Root, path: RelPath): number | null {
  const parents = parentsIn(root, path);
  try {
    return fs.openSync(parents.at(parentOf(path), nameOf(path)), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'EISDIR'].includes(code)) return null;
    throw unreadable(path, error);
  } finally {
    parents.close();
  }
}

function parentsIn(root: string | Root, path: RelPath): Parents {
  try {
    return new Parents(root);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'it is gone' : systemTrouble(error).why;
    throw new SyncError('failed', `${quote(path)} cannot be read: the directory of side a cannot be opened: ${why}.`, {
      advice: advise`See: ${{ do: 'status' }}`,
      cause: error,
    });
  }
}

/** Compares size and mtime. Replacing or removing the path changes the ctime of the inode, so that is not compared. */
function sameSizeAndTime(fd: number, { size, mtimeMs }: fs.Stats): boolean {
  const now = fs.fstatSync(fd);
  return now.size === size && now.mtimeMs === mtimeMs;
}

/** @returns the hash of the first `size` bytes; null where the file is shorter. */
async function digestOf(fd: number, size: number): Promise<string | null> {
  const hash = createHash(CONTENT_HASH);
  const buffer = Buffer.allocUnsafeSlow(PIECE_BYTES);
  for (let at = 0; at < size; ) {
    const { bytesRead } = await readAsync(fd, buffer, 0, Math.min(PIECE_BYTES, size - at), at);
    if (bytesRead === 0) return null;
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return hash.digest('hex');
}

const plain = ({ type, size, mtime, mode, hash }: FileEntry): FileEntry => ({ type, size, mtime, mode, hash });

const fileOf = (stats: fs.Stats, hash: string): FileEntry => ({
  type: 'file',
  size: stats.size,
  mtime: microseconds(stats.mtimeMs),
  mode: modeOf(stats),
  hash,
});

const beingWritten = (path: RelPath): SyncError =>
  new SyncError('busy', `${quote(path)} was written to while it was read, so it is not one version.`, {
    hint: 'Try again when the program that writes it has finished.',
  });

const unreadable = (path: RelPath, error: unknown): SyncError =>
  new SyncError('failed', `${quote(path)} cannot be read on side a: ${systemTrouble(error).why}.`, {
    hint: 'Check its permissions.',
  });
