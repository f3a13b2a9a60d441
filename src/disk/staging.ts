// Where content arrives: a file in ROOT/.lockstep/staging, on the same file system as its destination, complete and
// verified by its hash before anybody may give it a real name.

import * as crypto from 'node:crypto';
import { createHash, type Hash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { FileEntry } from '../core/entry.js';
import { mtimeSeconds } from './publish.js';

/** Numbers for names, of one series: two stagings of one process may share a directory. */
let next = 0;

/** The staging area of one root. */
export class Staging {
  /** @param directory ROOT/.lockstep/staging. */
  constructor(private readonly directory: string) {}

  /** Begins a file that shall become `file`. */
  begin(file: FileEntry): StagedFile {
    const name = path.join(this.directory, `${process.pid}-${next++}`);
    return new StagedFile(name, file);
  }

  /** Makes a link to `target` that can take a name by rename. @returns where it lies. */
  link(target: string): string {
    const name = path.join(this.directory, `${process.pid}-${next++}`);
    fs.symlinkSync(target, name);
    return name;
  }
}

/** One content on its way. Owns a file descriptor until `flush` or `discard`. */
export class StagedFile {
  private fd: number;
  private written = 0;
  private hash: Hash | null = null;
  private digest: string | null = null;

  constructor(
    readonly path: string,
    readonly file: FileEntry,
  ) {
    this.fd = fs.openSync(path, 'wx', 0o600);
  }

  /** Adds the next piece. @throws the system's error (ENOSPC and the like). */
  async write(data: Buffer, last: boolean): Promise<void> {
    if (this.written === 0 && last) {
      this.digest = crypto.hash('sha256', data, 'hex');
      while (this.written < data.length) this.written += fs.writeSync(this.fd, data, this.written);
      return;
    }
    this.hash ??= createHash('sha256');
    const writing = writeAll(this.fd, data, this.written);
    this.hash.update(data);
    await writing;
    this.written += data.length;
    if (last) this.digest = this.hash.digest('hex');
  }

  /** @returns whether the content is the one that was announced. */
  isSound(): boolean {
    return this.digest === this.file.hash && this.written === this.file.size;
  }

  /** Sets mode and time, makes the content durable and closes it. */
  async flush(): Promise<void> {
    fs.fchmodSync(this.fd, this.file.mode);
    const seconds = mtimeSeconds(this.file.mtime);
    fs.futimesSync(this.fd, seconds, seconds);
    await promisify(fs.fsync)(this.fd);
    this.close();
  }

  /** Throws the content away. */
  discard(): void {
    this.close();
    fs.rmSync(this.path, { force: true });
  }

  private close(): void {
    if (this.fd < 0) return;
    fs.closeSync(this.fd);
    this.fd = -1;
  }
}

async function writeAll(fd: number, data: Buffer, position: number): Promise<void> {
  const write = promisify(fs.write);
  let done = 0;
  while (done < data.length) {
    const { bytesWritten } = await write(fd, data, done, data.length - done, position + done);
    done += bytesWritten;
  }
}
