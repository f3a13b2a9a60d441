// One content on its way: a file in staging that is complete, verified by its hash and durable before anybody may give it
// a real name. It is hashed as it comes, and flushed in steps, so that little is left to do at the end.
import * as crypto from 'node:crypto';
import { createHash, type Hash } from 'node:crypto';
import fs from 'node:fs';
import { promisify } from 'node:util';
import { SPARSE_BYTES } from '../../core/data-runs.js';
import type { Range } from '../../core/delta.js';
import type { FileEntry } from '../../core/entry.js';
import { isSameInode } from '../fs/inode.js';
import type { OwnDirectory } from '../fs/own-directory.js';
import { setTime } from '../fs/set-time.js';
import { writeData, writeDataSync } from '../fs/write-data.js';
import { isWorthKeeping, release, tidyPartials } from './partials.js';

const COPY_BYTES = 1 << 20;
/**
 * What is written of a large content is made durable in steps of this many bytes while the rest comes. A lock, which is
 * on disk before it is granted, waits for one such step at most.
 */
const FLUSH_BYTES = 16 << 20;
const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
const readAsync = promisify(fs.read);

/** One content on its way. Owns a file descriptor until `flush`, `leave` or `discard`. */
export class StagedFile {
  readonly #directory: OwnDirectory;
  readonly #name: string;
  readonly #isPart: boolean;

  #fd: number;
  #written = 0;
  #hash: Hash | null = null;
  /** The hash of what came, once the last piece has. */
  digest: string | null = null;
  #buffers: readonly [Buffer, Buffer] | null = null;
  /** The flush of what came so far, and how much that was. */
  #flushing: Promise<void> | null = null;
  #isFlushing = false;
  #flushed = 0;
  /** Whether more came than was announced; it is not written. */
  #over = false;
  /** Whether a part may still have, behind what of it is used, something of an earlier transfer. */
  #hasRest: boolean;

  /** @param isPart whether there may be a beginning already, and is to be one when this is left. */
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

  /** Where it lies, good until anything else is done in staging. @throws the system's error. */
  get path(): string {
    return this.#directory.spelling(this.#name);
  }

  /** What the system says of it now, under whatever name. */
  stats(): fs.Stats {
    return fs.fstatSync(this.#fd);
  }

  /** How many bytes are here. */
  get bytes(): number {
    return this.#over ? this.file.size + 1 : this.#written;
  }

  /** Takes the first `bytes` from an earlier transfer. */
  async resume(bytes: number, last: boolean): Promise<void> {
    if (this.#written > 0 || !this.#isPart) throw stale('there is nothing to go on from');
    await this.copy(this.#fd, { at: 0, bytes }, last);
  }

  /** Adds the next piece. @throws the system's error (ENOSPC and the like). */
  async write(data: Buffer, last: boolean): Promise<void> {
    if (this.#written + data.length > this.file.size) this.#over = true;
    if (this.#over) return;
    if (this.#written === 0 && last) {
      this.#writeWhole(data);
      return;
    }
    const writing = this.#put(data);
    this.#digestNext(data);
    await writing;
    this.#flushSome();
    if (last) this.#end();
  }

  #writeWhole(data: Buffer): void {
    this.digest = crypto.hash('sha256', data, 'hex');
    this.#cutRest();
    writeDataSync(this.#fd, data, 0, this.file.size);
    this.#written = data.length;
  }

  #put(data: Buffer): Promise<void> {
    this.#cutRest();
    return writeData(this.#fd, data, this.#written, this.file.size);
  }

  /** Zeros are not written, so nothing may stand where they are to be. */
  #cutRest(): void {
    if (this.#hasRest) fs.ftruncateSync(this.#fd, this.#written);
    this.#hasRest = false;
  }

  /** Adds bytes of another open file, or of this one where they stand already. */
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

  /** One that failed is the last one: it took the system's error with it, and `flush` has to find it. */
  #flushSome(): void {
    if (this.#isFlushing || this.#written - this.#flushed < FLUSH_BYTES) return;
    this.#isFlushing = true;
    this.#flushed = this.#written;
    this.#flushing = new Promise((resolve, reject) => {
      fs.fdatasync(this.#fd, (error) => {
        this.#isFlushing = error !== null;
        if (error === null) resolve();
        else reject(error);
      });
    });
    this.#flushing.catch(() => {});
  }

  #digestNext(data: Buffer): void {
    this.#hash ??= createHash('sha256');
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
    await promisify(fs.fsync)(this.#fd);
  }

  /** The content has its name. */
  published(): void {
    this.#close();
    this.#release();
  }

  /** It did not get its name: what came, now or before, is kept if a later transfer can go on from it. */
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

  /** Whether its name in staging still is its own. */
  #hasName(): boolean {
    try {
      return this.#fd >= 0 && isSameInode(fs.lstatSync(this.path), this.stats());
    } catch {
      return false;
    }
  }

  /** Zeros at the end of what came were not written; where there is no room for them, they are sent again. */
  #lengthen(): void {
    if (this.#fd < 0 || !this.#isPart || this.#hasRest) return;
    try {
      fs.ftruncateSync(this.#fd, this.#written);
    } catch {
      // A shorter beginning is a beginning, too.
    }
  }

  /** Throws the content away. */
  discard(): void {
    this.#close();
    try {
      fs.rmSync(this.path, { force: true });
    } catch {
      // It is gone with its directory, or stays until the next start.
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

/** Opens the part at `path`, or begins one. What is no plain file, or has another name elsewhere, is not written to. */
function openPart(path: string): number {
  const fd = fs.openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  const stats = fs.fstatSync(fd);
  if (stats.isFile() && stats.nlink === 1) return fd;
  fs.closeSync(fd);
  fs.rmSync(path, { force: true });
  return fs.openSync(path, 'wx+', 0o600);
}

async function readPiece(fd: number, at: number, end: number, buffer: Buffer): Promise<Buffer> {
  const bytes = Math.min(COPY_BYTES, end - at);
  if (bytes <= 0) return buffer.subarray(0, 0);
  const { bytesRead } = await readAsync(fd, buffer, 0, bytes, at);
  return buffer.subarray(0, bytesRead);
}

/** The receiver is not what it was taken for: the path is to be looked at anew. */
const stale = (message: string): Error => Object.assign(new Error(message), { code: 'ENOENT' });
