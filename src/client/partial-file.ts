// An incomplete download beside its destination: `NAME.HASH.part`. The name contains the hash of the whole content, so
// that only a download of the same content resumes it.
import { createHash, type Hash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { dataRuns } from '../core/data-runs.js';
import { CONTENT_HASH, HASH_PATTERN, secondsOf } from '../core/entry.js';

const MAX_NAME_BYTES = 255;
const COPY_BYTES = 1 << 20;

/** An incomplete download, open for writing. */
export class PartialFile {
  readonly #fd: number;
  readonly #digest: Hash;

  private constructor(
    /** Its path. */
    readonly place: string,
    /** The hash of the whole content. */
    readonly contentHash: string,
    fd: number,
    digest: Hash,
    /** The number of bytes in it. */
    public bytes: number,
  ) {
    this.#fd = fd;
    this.#digest = digest;
  }

  /** @returns the incomplete download to `destination`, after reading it; null where there is no usable one. */
  static async find(destination: string): Promise<PartialFile | null> {
    for (const place of placesOf(destination)) {
      const hash = place.slice(-'.part'.length - 64, -'.part'.length);
      const fd = openFile(place);
      if (fd === null) continue;
      try {
        const { digest, bytes } = await readThrough(fd);
        return new PartialFile(place, hash, fd, digest, bytes);
      } catch (error) {
        fs.closeSync(fd);
        throw error;
      }
    }
    return null;
  }

  /** Creates an empty file and deletes incomplete downloads of other contents. */
  static begin(destination: string, hash: string): PartialFile {
    for (const place of placesOf(destination)) fs.rmSync(place, { force: true });
    const place = placeOf(destination, hash);
    // Fails if another download has just created the file.
    const fd = fs.openSync(place, 'wx', 0o600);
    return new PartialFile(place, hash, fd, createHash(CONTENT_HASH), 0);
  }

  /** @param size of the whole content in bytes: zeros in a large one leave holes. */
  async add(data: Buffer, size: number): Promise<void> {
    this.#digest.update(data);
    for (const { from, to } of dataRuns(data, this.bytes, size)) {
      for (let at = from; at < to; ) at += await writeAt(this.#fd, data, at, to, this.bytes + at);
    }
    this.bytes += data.length;
  }

  /** Whether the content is complete. Nothing can be added afterwards. */
  isWhole(): boolean {
    return this.#digest.digest('hex') === this.contentHash;
  }

  /** Whether its path still leads to it: another download to the same destination may have started again. */
  hasName(): boolean {
    return this.isAt(this.place);
  }

  /** Whether `to` is this file. */
  isAt(to: string): boolean {
    const there = fs.lstatSync(to, { throwIfNoEntry: false });
    const { ino, dev } = fs.fstatSync(this.#fd);
    return there?.ino === ino && there.dev === dev;
  }

  /** Sets permission bits and time and makes the content durable. The caller then renames and closes the file. */
  finish(mode: number, mtime: Date): void {
    fs.ftruncateSync(this.#fd, this.bytes);
    fs.fchmodSync(this.#fd, mode & 0o777);
    const seconds = secondsOf(mtime.getTime() * 1e3);
    fs.futimesSync(this.#fd, seconds, seconds);
    fs.fdatasyncSync(this.#fd);
  }

  close(): void {
    fs.closeSync(this.#fd);
  }

  /** Closes the file and keeps it for a resumed download, or deletes it where it is empty. */
  keep(): void {
    if (this.bytes === 0) {
      this.discard();
      return;
    }
    try {
      fs.ftruncateSync(this.#fd, this.bytes);
    } catch {
      // The zeros at the end need disk space. Without them the file can be resumed as well.
    }
    fs.closeSync(this.#fd);
  }

  discard(): void {
    if (this.hasName()) fs.rmSync(this.place, { force: true });
    fs.closeSync(this.#fd);
  }
}

/** @returns null where there is no usable file: links and files with several names or of other users are refused. */
function openFile(place: string): number | null {
  const { O_RDWR, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
  try {
    const fd = fs.openSync(place, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
    const stats = fs.fstatSync(fd);
    if (stats.isFile() && stats.nlink === 1 && stats.uid === ownUser()) return fd;
    fs.closeSync(fd);
    return null;
  } catch (error) {
    if (['ELOOP', 'ENOENT', 'ENXIO', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

/** The content of a local file. */
export interface LocalContent {
  /** SHA-256, hexadecimal. */
  readonly hash: string;
  readonly bytes: number;
}

/** @returns the content of the file at `place`, after reading it; null where there is no regular file. */
export async function localContent(place: string): Promise<LocalContent | null> {
  if (!fs.statSync(place, { throwIfNoEntry: false })?.isFile()) return null;
  const fd = fs.openSync(place, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  try {
    const { digest, bytes } = await readThrough(fd);
    return { hash: digest.digest('hex'), bytes };
  } finally {
    fs.closeSync(fd);
  }
}

/** On Windows the user's uid is -1 and the owner of every file is 0; other users' directories are not a risk there. */
const ownUser = (): number => Math.max(os.userInfo().uid, 0);

async function readThrough(fd: number): Promise<{ digest: Hash; bytes: number }> {
  const digest = createHash(CONTENT_HASH);
  const buffer = Buffer.allocUnsafeSlow(COPY_BYTES);
  for (let bytes = 0; ; ) {
    const read = await readAt(fd, buffer, bytes);
    if (read === 0) return { digest, bytes };
    digest.update(buffer.subarray(0, read));
    bytes += read;
  }
}

const readAt = (fd: number, buffer: Buffer, at: number): Promise<number> =>
  new Promise((resolve, reject) =>
    fs.read(fd, buffer, 0, buffer.length, at, (error, read) => (error ? reject(error) : resolve(read))),
  );

const writeAt = (fd: number, data: Buffer, from: number, to: number, at: number): Promise<number> =>
  new Promise((resolve, reject) =>
    fs.write(fd, data, from, to - from, at, (error, written) => (error ? reject(error) : resolve(written))),
  );

function placesOf(destination: string): string[] {
  const directory = path.dirname(destination);
  const pattern = new RegExp(`^${escaped(stemOf(destination))}\\.${HASH_PATTERN}\\.part$`);
  return fs
    .readdirSync(directory)
    .filter((name) => pattern.test(name))
    .map((name) => path.join(directory, name));
}

const placeOf = (destination: string, hash: string): string =>
  path.join(path.dirname(destination), `${stemOf(destination)}.${hash}.part`);

/** A name that is too long for a suffix is replaced by its hash. */
function stemOf(destination: string): string {
  const name = path.basename(destination);
  const maxStemBytes = MAX_NAME_BYTES - 64 - '..part'.length;
  return Buffer.byteLength(name) <= maxStemBytes ? name : createHash('sha256').update(name).digest('hex');
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
