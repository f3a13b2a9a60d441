// What has come of a download so far, beside its destination: `NAME.HASH.part`, named after the content that it is the
// beginning of, so that a later download goes on with it if that still is the content, and never mixes two.
import { createHash, type Hash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { dataRuns } from '../core/data-runs.js';
import { secondsOf } from '../core/entry.js';

const HASH = '[0-9a-f]{64}';
const MAX_NAME_BYTES = 255;
const COPY_BYTES = 1 << 20;

/** One partial download, open for going on. */
export class PartialFile {
  readonly #fd: number;
  readonly #digest: Hash;

  private constructor(
    /** Where it lies. */
    readonly place: string,
    /** The hash of the whole content. */
    readonly contentHash: string,
    fd: number,
    digest: Hash,
    /** Bytes that are there. */
    public bytes: number,
  ) {
    this.#fd = fd;
    this.#digest = digest;
  }

  /** @returns what came of an earlier download to `destination`, read through; null where there is nothing of use. */
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

  /** Begins anew; what came of other contents goes. */
  static begin(destination: string, hash: string): PartialFile {
    for (const place of placesOf(destination)) fs.rmSync(place, { force: true });
    const place = placeOf(destination, hash);
    // Never into what another download has just begun under that name.
    const fd = fs.openSync(place, 'wx', 0o600);
    return new PartialFile(place, hash, fd, createHash('sha256'), 0);
  }

  /** @param size of the whole content: zeros in a large one leave holes. */
  async add(data: Buffer, size: number): Promise<void> {
    this.#digest.update(data);
    for (const { from, to } of dataRuns(data, this.bytes, size)) {
      for (let at = from; at < to; ) at += await writeAt(this.#fd, data, at, to, this.bytes + at);
    }
    this.bytes += data.length;
  }

  /** Whether all of it is here. Nothing can be added afterwards. */
  isWhole(): boolean {
    return this.#digest.digest('hex') === this.contentHash;
  }

  /** Whether its name is still its own: another download to the same destination may have begun anew there. */
  hasName(): boolean {
    return this.isAt(this.place);
  }

  /** Whether what has the name `to` is this file. */
  isAt(to: string): boolean {
    const there = fs.lstatSync(to, { throwIfNoEntry: false });
    const { ino, dev } = fs.fstatSync(this.#fd);
    return there?.ino === ino && there.dev === dev;
  }

  /** Gives the whole content its bits and its time and makes it durable; it is still to be renamed, then closed. */
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

  /** Lets go of it; with nothing in it, it goes. */
  leave(): void {
    if (this.bytes === 0) {
      this.discard();
      return;
    }
    try {
      fs.ftruncateSync(this.#fd, this.bytes);
    } catch {
      // Without the zeros at its end, for which there may be no room, it is a beginning all the same.
    }
    fs.closeSync(this.#fd);
  }

  discard(): void {
    if (this.hasName()) fs.rmSync(this.place, { force: true });
    fs.closeSync(this.#fd);
  }
}

/** @returns null where there is no plain file of ours to go on with: no link is followed, no second name is written to. */
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

/** On Windows everybody is -1, and so is every file's owner 0: there nobody else's directory is written in. */
const ownUser = (): number => Math.max(os.userInfo().uid, 0);

async function readThrough(fd: number): Promise<{ digest: Hash; bytes: number }> {
  const digest = createHash('sha256');
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
  const pattern = new RegExp(`^${escaped(stemOf(destination))}\\.${HASH}\\.part$`);
  return fs
    .readdirSync(directory)
    .filter((name) => pattern.test(name))
    .map((name) => path.join(directory, name));
}

const placeOf = (destination: string, hash: string): string =>
  path.join(path.dirname(destination), `${stemOf(destination)}.${hash}.part`);

/** A name too long to have anything behind it is told apart by its own hash. */
function stemOf(destination: string): string {
  const name = path.basename(destination);
  const context = MAX_NAME_BYTES - 64 - '..part'.length;
  return Buffer.byteLength(name) <= context ? name : createHash('sha256').update(name).digest('hex');
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
