// The audit log ROOT/.lockstep/audit.ndjson: a line is on the disk before whoever wrote it goes on. Lines that come while
// others are being flushed share the next flush. A full file becomes audit.1.ndjson, and the oldest is dropped.
import fs from 'node:fs';
import path from 'node:path';
import { SyncError } from '../../core/errors.js';
import { systemTrouble } from '../../core/system-error.js';
import { fdatasync } from '../fs/flush.js';
import { fsyncDirectory, inItsDirectory } from '../fs/whole-file.js';
import type { StateProblems } from './problems.js';

const NAME = 'audit.ndjson';
/** A file is not added to beyond this size, in bytes. */
const FULL_BYTES = 50_000_000;
/** How many full files are kept. */
const KEPT = 4;
const NEWLINE = 10;

interface AuditOptions {
  /** The directory .lockstep. */
  readonly directory: string;
  readonly problems: Pick<StateProblems, 'add' | 'note' | 'clear'>;
  /** The size of a full file in bytes. */
  readonly full?: number;
}

/** The file that is being written. */
interface Open {
  readonly fd: number;
  readonly ino: number;
  /** Its length as far as it was written here. */
  bytes: number;
}

interface Waiting {
  readonly text: string;
  readonly done: (error: SyncError | null) => void;
}

export class AuditLog {
  readonly #file: string;
  readonly #options: AuditOptions;
  #open: Open | null = null;
  #queue: Waiting[] = [];
  #isRunning = false;

  constructor(options: AuditOptions) {
    this.#file = path.join(options.directory, NAME);
    this.#options = options;
  }

  /**
   * Resolves when `line` is on the disk.
   * @throws SyncError `failed` where it cannot be written: what it is about must not be done then.
   */
  write(line: object): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error: SyncError | null) => (error === null ? resolve() : reject(error));
      this.#queue.push({ text: `${JSON.stringify(line)}\n`, done });
      if (this.#isRunning) return;
      this.#isRunning = true;
      // What comes in one turn becomes one flush.
      setImmediate(() => void this.#run());
    });
  }

  close(): void {
    this.#leave();
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      const error = await this.#append(Buffer.from(batch.map(({ text }) => text).join('')));
      for (const { done } of batch) done(error);
    }
    this.#isRunning = false;
  }

  /** @returns why the lines could not be written; null where they are on the disk. */
  async #append(lines: Buffer): Promise<SyncError | null> {
    try {
      const open = this.#ready();
      for (let done = 0; done < lines.length; ) done += fs.writeSync(open.fd, lines, done);
      open.bytes += lines.length;
      await fdatasync(open.fd);
      this.#options.problems.clear(NAME);
      return null;
    } catch (error) {
      this.#leave();
      const { code, why } = systemTrouble(error);
      const failure = cannotWrite(this.#file, why, error);
      this.#options.problems.add(NAME, code, failure.message);
      return failure;
    }
  }

  /** @returns the file to append to. */
  #ready(): Open {
    if (this.#open !== null && !this.#isAsLeft(this.#open)) {
      this.#leave();
      const what = `The audit log ${this.#file} was removed or changed by another program.`;
      this.#options.problems.note(NAME, 'state-damaged', `${what} Lines of it may be missing.`);
    }
    const open = this.#open ?? this.#openFile();
    if (open.bytes < (this.#options.full ?? FULL_BYTES)) return open;
    this.#leave();
    this.#rotate();
    return this.#openFile();
  }

  #isAsLeft({ ino, bytes }: Open): boolean {
    const stats = fs.lstatSync(this.#file, { throwIfNoEntry: false });
    return stats !== undefined && stats.ino === ino && stats.size === bytes;
  }

  #openFile(): Open {
    const { O_RDWR, O_CREAT, O_APPEND, O_NOFOLLOW } = fs.constants;
    const fd = inItsDirectory(this.#file, (spelled) =>
      fs.openSync(spelled, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600),
    );
    const { ino, size } = fs.fstatSync(fd);
    this.#open = { fd, ino, bytes: size };
    // A write that failed or was cut leaves the beginning of a line.
    if (size > 0 && lastByte(fd, size) !== NEWLINE) this.#open.bytes += fs.writeSync(fd, '\n');
    if (size === 0) fsyncDirectory(this.#options.directory);
    return this.#open;
  }

  #rotate(): void {
    inItsDirectory(this.#file, (spelled) => {
      const at = (n: number) => (n === 0 ? spelled : spelled.replace(/\.ndjson$/, `.${n}.ndjson`));
      for (let n = KEPT; n > 0; n--) if (fs.existsSync(at(n - 1))) fs.renameSync(at(n - 1), at(n));
    });
  }

  #leave(): void {
    if (this.#open !== null) fs.closeSync(this.#open.fd);
    this.#open = null;
  }
}

function lastByte(fd: number, size: number): number {
  const byte = Buffer.alloc(1);
  fs.readSync(fd, byte, 0, 1, size - 1);
  return byte[0]!;
}

const cannotWrite = (file: string, why: string, cause: unknown): SyncError =>
  new SyncError('failed', `Nothing was done, because it cannot be recorded in ${file}: ${why}.`, {
    hint: 'Mend that on the machine of server-a, and try again.',
    cause,
  });
