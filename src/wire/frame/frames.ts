// Converts bytes to frames and frames to bytes, without a socket. The decoder stores at most one line and one payload,
// scans each byte once, and refuses all input after the first violation of the protocol.

import { SyncError } from '../../core/errors.js';
import { type Header, parseHeader } from './header.js';
import type { Frame, Message } from './json-rpc.js';
import { DEFAULT_LIMITS, type WireLimits } from './limits.js';
import { PayloadPool } from './payload-pool.js';

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const NOTHING = Buffer.alloc(0);

/** Decodes a stream of bytes, in pieces of any size, into frames. */
export class FrameDecoder {
  readonly #limits: Pick<WireLimits, 'lineBytes' | 'payloadBytes' | 'depth'>;
  readonly #pool = new PayloadPool();
  #line = NOTHING;
  #lineBytes = 0;
  /** The message whose payload is incomplete. */
  #message: Message | null = null;
  #payload: Buffer = NOTHING;
  #filled = 0;
  #fault: unknown = null;

  constructor(limits: Pick<WireLimits, 'lineBytes' | 'payloadBytes' | 'depth'>) {
    this.#limits = limits;
  }

  /** Whether no frame is incomplete. */
  get idle(): boolean {
    return this.#lineBytes === 0 && this.#message === null;
  }

  /**
   * @param chunk the next bytes; the result does not refer to them.
   * @param frames the list to which complete frames are added; after an error it has the frames before it.
   * @returns `frames`.
   * @throws SyncError `bad-message` or `too-large`, now and in every later call.
   */
  push(chunk: Buffer, frames: Frame[] = []): Frame[] {
    if (this.#fault !== null) throw this.#fault;
    try {
      for (let at = 0; at < chunk.length; ) {
        at = this.#message === null ? this.#takeLine(chunk, at, frames) : this.#takePayload(chunk, at, frames);
      }
      return frames;
    } catch (fault) {
      this.#fault = fault;
      this.#line = this.#payload = NOTHING;
      throw fault;
    }
  }

  /** @returns the bytes of the incomplete frame, of the same meaning as those that came. */
  rest(): Buffer {
    if (this.#message === null) return Buffer.from(this.#line.subarray(0, this.#lineBytes));
    const line = Buffer.from(encodeLine(this.#message, this.#payload));
    return Buffer.concat([line, this.#payload.subarray(0, this.#filled)]);
  }

  #takeLine(chunk: Buffer, at: number, frames: Frame[]): number {
    const newline = chunk.indexOf(NEWLINE, at);
    const end = newline < 0 ? chunk.length : newline;
    if (this.#lineBytes + end - at > this.#limits.lineBytes) throw tooLong(this.#limits.lineBytes);
    if (newline < 0) {
      this.#keep(chunk, at, end);
      return end;
    }
    const line = withoutReturn(this.#wholeLine(chunk, at, end));
    if (line.length > 0) this.#open(parseHeader(line, this.#limits), frames);
    return newline + 1;
  }

  #wholeLine(chunk: Buffer, at: number, end: number): Buffer {
    if (this.#lineBytes === 0) return chunk.subarray(at, end);
    this.#keep(chunk, at, end);
    const line = this.#line.subarray(0, this.#lineBytes);
    this.#line = NOTHING;
    this.#lineBytes = 0;
    return line;
  }

  /**
   * Copies a part of a line into a buffer that doubles when it is full, so that short chunks cost no more than long
   * ones.
   */
  #keep(chunk: Buffer, at: number, end: number): void {
    const bytes = this.#lineBytes + end - at;
    if (bytes > this.#line.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * this.#line.length));
      this.#line.copy(grown, 0, 0, this.#lineBytes);
      this.#line = grown;
    }
    chunk.copy(this.#line, this.#lineBytes, at, end);
    this.#lineBytes = bytes;
  }

  #open({ message, payloadBytes }: Header, frames: Frame[]): void {
    if (payloadBytes === null) {
      frames.push({ message, payload: null });
    } else if (payloadBytes === 0) {
      frames.push({ message, payload: NOTHING });
    } else {
      this.#message = message;
      this.#payload = this.#pool.take(payloadBytes);
      this.#filled = 0;
    }
  }

  #takePayload(chunk: Buffer, at: number, frames: Frame[]): number {
    const copied = chunk.copy(this.#payload, this.#filled, at);
    this.#filled += copied;
    if (this.#filled === this.#payload.length && this.#message !== null) {
      frames.push({ message: this.#message, payload: this.#payload });
      this.#message = null;
      this.#payload = NOTHING;
    }
    return at + copied;
  }
}

/**
 * @param payload bytes that follow the line, at most 1 MiB; an empty buffer is announced too.
 * @returns the line of a frame with its newline.
 * @throws SyncError `too-large` where the payload is larger.
 */
export function encodeLine(message: Message, payload?: Buffer): string {
  if (payload === undefined) return `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`;
  if (payload.length > DEFAULT_LIMITS.payloadBytes) {
    throw new SyncError('too-large', `A payload of ${payload.length} bytes is over ${DEFAULT_LIMITS.payloadBytes}.`);
  }
  return `${JSON.stringify({ jsonrpc: '2.0', ...message, payload: payload.length })}\n`;
}

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === RETURN ? line.subarray(0, -1) : line;
}

const tooLong = (most: number): SyncError =>
  new SyncError('too-large', `A line has at most ${most} bytes.`, { hint: 'Send less in one message.' });
