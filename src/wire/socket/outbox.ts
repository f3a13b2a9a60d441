// The sending half of a connection. It keeps the order, combines the small messages of one tick, and bounds the bytes
// queued for a reader. Beyond the bound a message waits unencoded, so that it costs no memory beyond what its sender
// holds.

import type { Duplex } from 'node:stream';
import { SyncError } from '../../core/errors.js';
import { encodeLine } from '../frame/frames.js';
import type { Message } from '../frame/json-rpc.js';
import type { WireLimits } from '../frame/limits.js';
import { Deadline } from './deadline.js';

/** The bytes given to the socket at once: enough to keep it busy, few enough that a slow reader shows progress. */
const BATCH_BYTES = 1024 * 1024;
const SENT = Promise.resolve();

interface Waiting {
  readonly message: Message;
  readonly payload: Buffer | undefined;
  readonly sent: (() => void) | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Bytes to send, and the function to call when the system has them. */
interface Part {
  readonly bytes: Buffer;
  readonly sent?: (() => void) | undefined;
}

export class Outbox {
  readonly #socket: Duplex;
  readonly #limits: WireLimits;
  readonly #onStuck: (error: SyncError) => void;
  readonly #reader: Deadline;
  /** Lines that are not encoded yet; they follow `#parts`. */
  #lines = '';
  #parts: Part[] = [];
  #queuedBytes = 0;
  #waiting: Waiting[] = [];
  /** Callers that wait for room without having anything to send yet. */
  #expecting: (() => void)[] = [];
  #writing = false;
  #scheduled = false;
  #over: SyncError | null = null;
  #onFlushed: (() => void) | null = null;

  /**
   * @param onStuck called when the reader does not read or the sender ignores the limit; the connection should be
   * closed.
   */
  constructor(socket: Duplex, limits: WireLimits, onStuck: (error: SyncError) => void) {
    this.#socket = socket;
    this.#limits = limits;
    this.#onStuck = onStuck;
    this.#reader = new Deadline(limits.readerMs, () => onStuck(notRead(limits.readerMs)));
  }

  /**
   * @param sent called when the system has the payload; never called where the connection ends before.
   * @returns a promise that resolves when more may be sent, and rejects where the message cannot be sent. It may be
   * ignored: its rejection is never unhandled.
   */
  send(message: Message, payload: Buffer | undefined, sent?: () => void): Promise<void> {
    if (this.#over !== null) return rejected(this.#over);
    if (this.#waiting.length > 0 || this.#queuedBytes >= this.#limits.queuedBytes) {
      return this.#wait(message, payload, sent);
    }
    try {
      this.#add(message, payload, sent);
      return SENT;
    } catch (error) {
      return rejected(error);
    }
  }

  /**
   * @returns a promise that resolves when a send would not wait, or none is possible any more; null where that is so
   * now.
   */
  room(): Promise<void> | null {
    const full = this.#waiting.length > 0 || this.#queuedBytes >= this.#limits.queuedBytes;
    return full && this.#over === null ? new Promise((resolve) => this.#expecting.push(resolve)) : null;
  }

  /** Accepts nothing more (later sends fail with `error`) and calls `onFlushed` when the system has everything. */
  finish(error: SyncError, onFlushed: () => void): void {
    this.#over ??= error;
    this.#onFlushed = onFlushed;
    this.#tellRoom();
    if (!this.#writing) this.#pump();
  }

  /** Drops everything that is not sent. */
  abandon(error: SyncError): void {
    this.#over ??= error;
    this.#reader.clear();
    this.#lines = '';
    this.#parts = [];
    this.#tellRoom();
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  #wait(message: Message, payload: Buffer | undefined, onSent: (() => void) | undefined): Promise<void> {
    if (this.#waiting.length >= this.#limits.waitingSends) {
      const error = new SyncError('too-large', 'It reads more slowly than it is sent to.');
      this.#onStuck(error);
      return rejected(error);
    }
    const sent = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ message, payload, sent: onSent, resolve, reject });
    });
    sent.catch(() => {});
    return sent;
  }

  #add(message: Message, payload: Buffer | undefined, sent: (() => void) | undefined): void {
    const line = encodeLine(message, payload);
    const bytes = Buffer.byteLength(line);
    if (bytes - 1 > this.#limits.sentLineBytes) throw tooLong(this.#limits.sentLineBytes);
    this.#lines += line;
    this.#queuedBytes += bytes;
    if (payload !== undefined && payload.length > 0) {
      this.#closeLines();
      this.#parts.push({ bytes: payload, sent });
      this.#queuedBytes += payload.length;
    }
    this.#schedule();
  }

  /** Writes in the next tick, after everything that is ready to run now, so that all of it goes into one write. */
  #schedule(): void {
    if (this.#scheduled || this.#writing) return;
    this.#scheduled = true;
    process.nextTick(() => {
      this.#scheduled = false;
      if (!this.#writing) this.#pump();
    });
  }

  #pump(): void {
    const batch = this.#takeBatch();
    const last = batch.pop();
    if (last === undefined) {
      this.#reader.stop();
      this.#onFlushed?.();
      this.#onFlushed = null;
      return;
    }
    this.#writing = true;
    this.#reader.start();
    this.#write(batch, last);
  }

  #write(batch: Part[], last: Part): void {
    const bytes = batch.reduce((sum, part) => sum + part.bytes.length, last.bytes.length);
    this.#socket.cork();
    for (const part of batch) this.#socket.write(part.bytes);
    this.#socket.write(last.bytes, (error) => {
      this.#writing = false;
      this.#queuedBytes -= bytes;
      if (error) return;
      for (const { sent } of [...batch, last]) sent?.();
      this.#admit();
      this.#pump();
    });
    this.#socket.uncork();
  }

  #admit(): void {
    while (this.#waiting.length > 0 && this.#queuedBytes < this.#limits.queuedBytes) {
      const { message, payload, sent, resolve, reject } = this.#waiting.shift() as Waiting;
      try {
        this.#add(message, payload, sent);
        resolve();
      } catch (error) {
        reject(error);
      }
    }
    if (this.#queuedBytes < this.#limits.queuedBytes) this.#tellRoom();
  }

  #tellRoom(): void {
    for (const tell of this.#expecting.splice(0)) tell();
  }

  #takeBatch(): Part[] {
    this.#closeLines();
    const batch: Part[] = [];
    for (let room = BATCH_BYTES; room > 0 && this.#parts.length > 0; ) {
      const part = this.#parts.shift() as Part;
      const { bytes, sent } = part;
      if (bytes.length <= room) batch.push(part);
      else {
        batch.push({ bytes: bytes.subarray(0, room) });
        this.#parts.unshift({ bytes: bytes.subarray(room), sent });
      }
      room -= bytes.length;
    }
    return batch;
  }

  #closeLines(): void {
    if (this.#lines === '') return;
    this.#parts.push({ bytes: Buffer.from(this.#lines) });
    this.#lines = '';
  }
}

function rejected(error: unknown): Promise<never> {
  const promise = Promise.reject(error);
  promise.catch(() => {});
  return promise;
}

const notRead = (ms: number): SyncError => new SyncError('timeout', `It read nothing for ${ms / 1000} s.`);

const tooLong = (most: number): SyncError =>
  new SyncError('too-large', `A message is over the ${most} bytes that the other end takes in one line.`, {
    hint: 'Request less at a time.',
  });
