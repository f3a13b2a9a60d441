// Writes the events of a server to ROOT/.lockstep/log. Whoever says an event never waits: it is added to a queue, and one
// write at a time takes what has gathered. What another program does to the files is noticed before the next write, said
// as a problem, and what was lost is written again from memory.
//
//   add: append the line to the queue; start a write where none is under way
//   write: look whether the file is as it was left; if not, report it and begin another file with the events that the
//          lost one had, as far as they are in memory; append the batch
//   failure: report a problem, try again with growing delays; meanwhile the queue is bounded
import fs from 'node:fs';
import type { NumberedEvent } from '../../core/events.js';
import { systemTrouble } from '../../core/system-error.js';
import type { OwnDirectory } from '../fs/own-directory.js';
import type { StateProblems } from '../state/problems.js';
import { KEPT_BYTES, lastNumber, prune, SEGMENT_BYTES, segmentName, segmentsIn, statOf } from './segments.js';

/** What may wait to be written; beyond it events are left out of the log. */
const MAX_QUEUED_BYTES = 8_000_000;
const BATCH_BYTES = 1_000_000;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 30_000;
/** How long closing may wait for a disk. */
const CLOSE_MS = 1_500;
/** The longest beginning of a line that a crash may leave, in bytes. */
const TAIL_BYTES = 256 * 1024;

/** What its problems are listed under, in .lockstep. The directory itself has problems of its own. */
const LOG = 'log/*';

interface EventLogOptions {
  readonly directory: OwnDirectory;
  readonly problems: Pick<StateProblems, 'add' | 'note' | 'clear'>;
  /** Whether the last server was killed, so that the last line may be incomplete. */
  readonly wasKilled: boolean;
  /** @returns an event of this run that is still in memory. */
  readonly recall: (id: number) => NumberedEvent | null;
  readonly limits?: { readonly segment: number; readonly kept: number; readonly queued: number };
}

/** The file that is being written. */
interface Open {
  readonly fd: number;
  readonly name: string;
  readonly number: number;
  readonly ino: number;
  /** Its length as far as it was written here. */
  bytes: number;
  /** The first event of this run in it; null where there is none yet. */
  first: number | null;
}

interface Line {
  readonly id: number;
  readonly text: string;
}

export class EventLog {
  readonly #options: EventLogOptions;
  readonly #limits: { readonly segment: number; readonly kept: number; readonly queued: number };
  #open: Open | null = null;
  /** Whether the files that were there at the start have been looked at. */
  #isStarted = false;
  #queue: Line[] = [];
  #queuedBytes = 0;
  /** How many events were left out since the last write. */
  #leftOut = 0;
  #lastWritten = 0;
  #writing: Promise<void> | null = null;
  #retryMs = 0;
  #wake: () => void = () => {};
  #isClosed = false;

  constructor(options: EventLogOptions) {
    this.#options = options;
    this.#limits = options.limits ?? { segment: SEGMENT_BYTES, kept: KEPT_BYTES, queued: MAX_QUEUED_BYTES };
  }

  /** Takes an event for the log; returns at once and never throws. */
  add(event: NumberedEvent): void {
    if (this.#isClosed) return;
    const line = { id: event.id, text: `${JSON.stringify(event)}\n` };
    if (this.#queuedBytes + line.text.length > this.#limits.queued) {
      this.#leftOut++;
      return;
    }
    this.#queue.push(line);
    this.#queuedBytes += line.text.length;
    this.#start();
  }

  /** Resolves when all that was added has been written, or could not be. */
  async written(): Promise<void> {
    if (this.#retryMs === 0) await this.#writing;
  }

  /** Writes what is left, for a moment at most. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    await Promise.race([this.#writing, new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref())]);
    // A write that hangs keeps its descriptor: closed, its number could soon belong to another file.
    if (this.#writing === null && this.#open !== null) this.#leave(this.#open);
  }

  #start(): void {
    this.#writing ??= this.#run().finally(() => {
      this.#writing = null;
    });
  }

  async #run(): Promise<void> {
    // What is said in one go becomes one write.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) {
      try {
        await this.#writeBatch();
        this.#retryMs = 0;
        this.#options.problems.clear(LOG);
      } catch (error) {
        this.#reportFailure(error);
        if (this.#isClosed) return;
        await this.#retryLater();
      }
    }
  }

  async #writeBatch(): Promise<void> {
    const open = this.#ready();
    let bytes = 0;
    let count = 0;
    while (count < this.#queue.length && bytes < BATCH_BYTES) bytes += this.#queue[count++]!.text.length;
    const batch = this.#queue.slice(0, count);
    await append(open, Buffer.from(batch.map(({ text }) => text).join('')));
    open.first ??= batch[0]!.id;
    this.#lastWritten = batch.at(-1)!.id;
    this.#queue.splice(0, count);
    this.#queuedBytes -= bytes;
    this.#reportLeftOut();
  }

  /** @returns the file to append to. */
  #ready(): Open {
    if (!this.#isStarted) this.#openLast();
    const open = this.#open;
    if (open !== null && !this.#isAsLeft(open)) return this.#replace(open);
    if (open !== null && open.bytes < this.#limits.segment) return open;
    if (open !== null) this.#leave(open);
    const next = this.#openNext();
    prune(this.#options.directory, this.#limits.kept);
    return next;
  }

  /** Goes on with the last file of an earlier run, where it is sound. */
  #openLast(): void {
    const { directory, wasKilled } = this.#options;
    const last = segmentsIn(directory).at(-1);
    this.#isStarted = true;
    if (last === undefined || last.bytes >= this.#limits.segment) return;
    const open = this.#openFile(last.number);
    const sound = soundLength(open.fd, open.bytes);
    if (sound === open.bytes && sound > 0) return;
    // What is longer than a line was not left by a crash: it stays, for whoever can still read it.
    if (wasKilled && sound !== null) {
      fs.ftruncateSync(open.fd, sound);
      open.bytes = sound;
      return;
    }
    this.#report(`The last file of it, ${open.name}, is ${open.bytes === 0 ? 'empty' : 'cut'}. Another is begun.`);
    this.#leave(open);
  }

  #isAsLeft(open: Open): boolean {
    const stats = statOf(this.#options.directory, open.name);
    return stats !== null && stats.ino === open.ino && stats.size === open.bytes;
  }

  /** Another program has removed or changed the file. What it had of this run is written again. */
  #replace(open: Open): Open {
    this.#leave(open);
    const next = this.#openNext();
    let [lines, again] = ['', 0];
    for (let id = open.first ?? Number.POSITIVE_INFINITY; id <= this.#lastWritten; id++) {
      const event = this.#options.recall(id);
      if (event === null) continue;
      lines += `${JSON.stringify(event)}\n`;
      next.first ??= id;
      again++;
    }
    const bytes = Buffer.from(lines);
    fs.writeSync(next.fd, bytes);
    next.bytes += bytes.length;
    this.#report(
      `Its file ${open.name} was removed or changed by another program. ` +
        `Another is begun, with the ${again} events of it that are in memory.`,
    );
    return next;
  }

  #openNext(): Open {
    return this.#openFile(lastNumber(this.#options.directory) + 1);
  }

  #openFile(number: number): Open {
    const name = segmentName(number);
    const { O_RDWR, O_CREAT, O_APPEND, O_NOFOLLOW } = fs.constants;
    const fd = this.#options.directory.use(name, (absolute) =>
      fs.openSync(absolute, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600),
    );
    const { ino, size } = fs.fstatSync(fd);
    this.#open = { fd, name, number, ino, bytes: size, first: null };
    return this.#open;
  }

  #leave(open: Open): void {
    fs.closeSync(open.fd);
    this.#open = null;
  }

  #report(what: string): void {
    this.#options.problems.note(LOG, 'state-damaged', `${this.#name} is damaged. ${what}`);
  }

  #reportLeftOut(): void {
    if (this.#leftOut === 0) return;
    const what = `${this.#leftOut} events are missing in it, because they could not be written in time.`;
    this.#leftOut = 0;
    this.#options.problems.note(LOG, 'io-error', `${this.#name} is incomplete: ${what}`);
  }

  #reportFailure(error: unknown): void {
    const { code, why } = systemTrouble(error);
    this.#options.problems.add(LOG, code, `${this.#name} cannot be written: ${why}; it is tried again.`);
  }

  get #name(): string {
    return `The event log ${this.#options.directory.path}`;
  }

  async #retryLater(): Promise<void> {
    this.#retryMs = Math.min(Math.max(this.#retryMs * 2, FIRST_RETRY_MS), LAST_RETRY_MS);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#retryMs).unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Appends all of `bytes` or nothing. @throws the system's error. */
async function append(open: Open, bytes: Buffer): Promise<void> {
  let done = 0;
  try {
    while (done < bytes.length) done += await written(open.fd, bytes.subarray(done));
    open.bytes += bytes.length;
  } catch (error) {
    if (done > 0) fs.ftruncateSync(open.fd, open.bytes);
    throw error;
  }
}

/** @returns how many of `bytes` were written. */
const written = (fd: number, bytes: Buffer): Promise<number> =>
  new Promise((resolve, reject) =>
    fs.write(fd, bytes, 0, bytes.length, null, (error, count) => (error === null ? resolve(count) : reject(error))),
  );

/** @returns the length up to the end of the last complete line; null where the file has bytes, but no such line near its end. */
function soundLength(fd: number, bytes: number): number | null {
  if (bytes === 0) return 0;
  const tail = Buffer.alloc(Math.min(bytes, TAIL_BYTES));
  fs.readSync(fd, tail, 0, tail.length, bytes - tail.length);
  const end = tail.lastIndexOf(10);
  return end < 0 ? null : bytes - tail.length + end + 1;
}
