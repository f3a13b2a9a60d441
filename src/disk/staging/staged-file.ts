// One content that is being received: a file in staging that becomes complete, verified by its hash and durable before
// it may be renamed to its path. It is hashed and flushed while it comes, so that little is left to do at the end.

import * as crypto from 'node:crypto';
import { createHash, type Hash } from 'node:crypto';
import fs from 'node:fs';
import { promisify } from 'node:util';
import { SPARSE_BYTES } from '../../core/data-runs.js';
import type { Range } from '../../core/delta.js';
import { CONTENT_HASH, type FileEntry } from '../../core/entry.js';
import { fdatasync, fsync } from '../fs/flush.js';
import { isSameInode } from '../fs/inode.js';
import type { OwnDirectory } from '../fs/own-directory.js';
import { setTime } from '../fs/set-time.js';
import { writeData, writeDataSync } from '../fs/write-data.js';
import { isWorthKeeping, release, tidyPartials } from './partials.js';

const COPY_BYTES = 1 << 20;
/**
 * A large content is flushed in steps of this many bytes while the rest comes. A lock must be on disk before it is
 * granted: it waits for one such step at most.
 */
const FLUSH_BYTES = 16 << 20;
const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
const readAsync = promisify(fs.read);

/** One staged content. It has an open descriptor until `published`, `leave` or `discard`. */
export class StagedFile {
  readonly #directory: OwnDirectory;
  readonly #name: string;
  readonly #isPart: boolean;

  #fd: number;
  #written = 0;
  #hash: Hash | null = null;
  /** The hash of the received content; null before the last piece. */
  digest: string | null = null;
  #buffers: readonly [Buffer, Buffer] | null = null;
  /** The last flush that was started, and how many bytes were written then. */
  #flushing: Promise<void> | null = null;
  #isFlushing = false;
  #flushed = 0;
  /** Whether more bytes came than were announced; they are not written. */
  #over = false;
  /** Whether the file may still have bytes of an earlier transfer after those that are used. */
  #hasRest: boolean;

  /** @param isPart whether the file may have a part of the content already, and keeps its part in `leave`. */
  constructor(
    directory: OwnDirectory,
    name: string,
    readonly file: FileEntry,
    isPart = false,
  ) {
    this.#directory = directory;
    this.#name = name;
    this.#isPart = isPart;

    this.#fd = directory.use(name, (path) => (isPart ? openPart(path) : fs.openSync(path, 'wx', 0o600)));
    this.#hasRest = isPart;
  }

  /** Its path in staging, valid until the next operation in staging. @throws the system's error. */
  get path(): string {
    return this.#directory.spelling(this.#name);
  }

  /** @returns its present stats, under whatever name. */
  stats(): fs.Stats {
    return fs.fstatSync(this.#fd);
  }

  /** Bytes received so far. */
  get bytes(): number {
    return this.#over ? this.file.size + 1 : this.#written;
  }

  /** Uses the first `bytes` of an earlier transfer. @throws ENOENT where they are not there. */
  async resume(bytes: number, last: boolean): Promise<void> {
    if (this.#written > 0 || !this.#isPart) throw stale('there is nothing to go on from');
    await this.copy(this.#fd, { at: 0, bytes }, last);
  }

  /** Adds the next piece. @throws the system's error, for example ENOSPC. */
  async write(data: Buffer, last: boolean): Promise<void> {
    if (this.#written === 0 && last) {
      this.writeWhole(data);
      return;
    }
    if (this.#written + data.length > this.file.size) this.#over = true;
    if (this.#over) return;
    const writing = this.#put(data);
    this.#digestNext(data);
    await writing;
    this.#flushSome();
    if (last) this.#end();
  }

  /** Writes the whole content at once, in the place of all pieces. @throws the system's error. */
  writeWhole(data: Buffer): void {
    if (data.length > this.file.size) this.#over = true;
    if (this.#over) return;
    this.digest = crypto.hash(CONTENT_HASH, data, 'hex');
    this.#cutRest();
    writeDataSync(this.#fd, data, 0, this.file.size);
    this.#written = data.length;
  }

  #put(data: Buffer): Promise<void> {
    this.#cutRest();
    return writeData(this.#fd, data, this.#written, this.file.size);
  }

  /** Removes old bytes: blocks of zeros are not written, so nothing else may be in their place. */
  #cutRest(): void {
    if (this.#hasRest) fs.ftruncateSync(this.#fd, this.#written);
    this.#hasRest = false;
  }

  /** Adds a range of another open file, or of this file, where it is in place already. */
  async copy(from: number, { at, bytes }: Range, last: boolean): Promise<void> {
    if (this.#written + bytes > this.file.size) this.#over = true;
    if (this.#over) return;
    const end = at + bytes;
    this.#buffers ??= [Buffer.allocUnsafeSlow(COPY_BYTES), Buffer.allocUnsafeSlow(COPY_BYTES)];
    const buffers = this.#buffers;
    let reading = readPiece(from, at, end, buffers[0]);
    for (let position = at, n = 1; position < end; n++) {
      const data = await reading;
      if (data.length === 0) throw stale('what was to be copied is not there any more');
      position += data.length;
      reading = readPiece(from, position, end, buffers[n % 2]!);
      reading.catch(() => {});
      const writing = from === this.#fd ? null : this.#put(data);
      this.#digestNext(data);
      await writing;
      this.#flushSome();
    }
    await reading;
    if (last) this.#end();
  }

  /**
   * Starts a flush when enough was written. After a failed one no other starts: the system reports its error only once.
   */
  #flushSome(): void {
    if (this.#isFlushing || this.#written - this.#flushed < FLUSH_BYTES) return;
    this.#isFlushing = true;
    this.#flushed = this.#written;
    this.#flushing = fdatasync(this.#fd).then(() => {
      this.#isFlushing = false;
    });
    this.#flushing.catch(() => {});
  }

  #digestNext(data: Buffer): void {
    this.#hash ??= createHash(CONTENT_HASH);
    this.#hash.update(data);
    this.#written += data.length;
  }

  #end(): void {
    this.digest = this.#hash?.digest('hex') ?? null;
  }

  /** @returns whether the content is the one that was announced. */
  isSound(): boolean {
    return !this.#over && this.digest === this.file.hash && this.#written === this.file.size;
  }

  /** Sets mode and time and makes the content durable. */
  async flush(): Promise<void> {
    if (this.#isPart || this.file.size >= SPARSE_BYTES) fs.ftruncateSync(this.#fd, this.#written);
    fs.fchmodSync(this.#fd, this.file.mode);
    setTime(this.#fd, this.file.mtime);
    await this.#flushing;
    await fsync(this.#fd);
  }

  /** To be called after the content was renamed to its path. */
  published(): void {
    this.#close();
    this.#release();
  }

  /** To be called if the content was not published: keeps what came if a later transfer can resume it. */
  leave(): void {
    this.#lengthen();
    if (!this.#isPart || this.#over || !this.#hasName() || !isWorthKeeping(this.stats().size)) {
      this.discard();
      return;
    }
    fs.fchmodSync(this.#fd, 0o600);
    fs.futimesSync(this.#fd, new Date(), new Date());
    this.#close();
    this.#release();
    tidyPartials(this.#directory, Date.now());
  }

  /** Whether its path in staging still leads to it. */
  #hasName(): boolean {
    try {
      return this.#fd >= 0 && isSameInode(fs.lstatSync(this.path), this.stats());
    } catch {
      return false;
    }
  }

  /** Adds the zeros at the end, which were not written. */
  #lengthen(): void {
    if (this.#fd < 0 || !this.#isPart || this.#hasRest) return;
    try {
      fs.ftruncateSync(this.#fd, this.#written);
    } catch {
      // A shorter part is valid as well; the zeros are sent again.
    }
  }

  /** Deletes the content. */
  discard(): void {
    this.#close();
    try {
      fs.rmSync(this.path, { force: true });
    } catch {
      // It is gone with its directory, or is deleted at the next start.
    }
    this.#release();
  }

  #release(): void {
    if (this.#isPart) release(this.#directory, this.#name);
  }

  #close(): void {
    if (this.#fd < 0) return;
    fs.closeSync(this.#fd);
    this.#fd = -1;
  }
}

/** Opens the part at `path`, or creates it. A file that is not regular or has another hard link is not written. */
function openPart(path: string): number {
  const fd = fs.openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  const stats = fs.fstatSync(fd);
  if (stats.isFile() && stats.nlink === 1) return fd;
  fs.closeSync(fd);
  fs.rmSync(path, { force: true });
  return fs.openSync(path, 'wx+', 0o600);
}

async function readPiece(fd: number, at: number, end: number, buffer: Buffer): Promise<Buffer> {
  const { bytesRead } = await readAsync(fd, buffer, 0, Math.min(COPY_BYTES, end - at), at);
  return buffer.subarray(0, bytesRead);
}

/** @returns the error that makes the outcome `stale`, so that the path is scanned again. */
const stale = (message: string): Error => Object.assign(new Error(message), { code: 'ENOENT' });
