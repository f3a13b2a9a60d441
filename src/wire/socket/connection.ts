// A socket as a connection with bounded memory. The socket is not read while received frames are not consumed, and
// senders wait while sent frames are not read. It ends once, with a value, and never throws from an event.

import net from 'node:net';
import type { Duplex } from 'node:stream';
import { SyncError } from '../../core/errors.js';
import type { Person } from '../../core/person.js';
import { closedError, toFailure } from '../frame/errors.js';
import { FrameDecoder } from '../frame/frames.js';
import type { Frame, Message } from '../frame/json-rpc.js';
import { DEFAULT_LIMITS, type WireLimits } from '../frame/limits.js';
import { AsyncQueue } from './async-queue.js';
import { Deadline } from './deadline.js';
import { Outbox } from './outbox.js';
import { socketErrorText } from './socket-errors.js';
import { isTls } from './tls.js';

const KEEP_ALIVE_MS = 60_000;

export interface Connection {
  /** The other end, such as `127.0.0.1:54321`. */
  readonly remote: string;
  /** Whose key has opened it; null or absent where it was no key of a person. */
  readonly person?: Person | null;
  /**
   * Sends frames in the order of the calls. The promise may be ignored.
   * @param payload at most 1 MiB; it must not be changed until it is sent.
   * @param sent called when the payload may be changed; never called where the connection ends before.
   * @returns a promise that resolves when more may be sent.
   * @throws SyncError `closed` when the connection has ended, `too-large` for a frame that the other end would refuse.
   */
  send(message: Message, payload?: Buffer, sent?: () => void): Promise<void>;
  /**
   * @returns a promise that resolves when more may be sent or the connection has ended; null where more may be sent
   * now.
   */
  readonly room?: () => Promise<void> | null;
  /** The received frames, for one consumer. Ends when the other end ends its output or the connection ends. */
  readonly frames: AsyncIterable<Frame>;
  /** Resolves when the socket is closed: null after an orderly end, otherwise the reason. Never rejects. */
  readonly closed: Promise<Error | null>;
  /** Drops unconsumed frames, sends what is queued if that takes only a short time, and closes. */
  close(reason?: Error): void;
}

/**
 * @param socket a connected socket or another stream; only the connection may use it from now on.
 * @param introduced called once, when the first message has arrived.
 * @param person whose key has opened it.
 * @param remote the other end, for messages.
 */
export function connectionOver(
  socket: Duplex,
  limits: Partial<WireLimits> = {},
  introduced: () => void = () => {},
  person: Person | null = null,
  remote: string = addressOf(socket),
): Connection {
  return new SocketConnection(socket, { ...DEFAULT_LIMITS, ...limits }, introduced, person, remote);
}

class SocketConnection implements Connection {
  readonly frames = new AsyncQueue<Frame>();
  readonly closed: Promise<Error | null>;
  readonly #socket: Duplex;
  readonly #decoder: FrameDecoder;
  readonly #outbox: Outbox;
  /** Runs while a frame is incomplete. */
  readonly #arrival: Deadline;
  readonly #linger: Deadline;
  #introduced: (() => void) | null;
  #reason: Error | null = null;
  #closing = false;

  constructor(
    socket: Duplex,
    limits: WireLimits,
    introduced: () => void,
    readonly person: Person | null,
    readonly remote: string,
  ) {
    this.#introduced = introduced;
    if (socket instanceof net.Socket) socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
    this.#socket = socket;
    this.#decoder = new FrameDecoder(limits);
    this.#outbox = new Outbox(socket, limits, (error) => this.#cutOff(error));
    this.#arrival = new Deadline(limits.requestMs, () => this.#refuse(tooSlow(limits.requestMs)));
    this.#linger = new Deadline(limits.closeMs, () => socket.destroy());
    this.closed = new Promise((resolve) => this.#listen(resolve));
  }

  send(message: Message, payload?: Buffer, sent?: () => void): Promise<void> {
    return this.#outbox.send(message, payload, sent);
  }

  room(): Promise<void> | null {
    return this.#outbox.room();
  }

  close(reason?: Error): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#reason ??= reason ?? null;
    this.#arrival.clear();
    this.frames.end();
    this.frames.clear();
    this.#linger.start();
    this.#outbox.finish(closedError(this.remote, this.#reason), () => this.#socket.end());
    // Further input is read and dropped: destroying a socket with unread bytes makes the system discard our last
    // output.
    this.#socket.resume();
  }

  #listen(onClosed: (reason: Error | null) => void): void {
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on('end', () => this.#endOfInput());
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#reason ??= new SyncError('closed', `${socketErrorText(error)}.`, { cause: error });
    });
    this.#socket.on('close', () => {
      this.#closing = true;
      this.#arrival.clear();
      this.#linger.clear();
      this.frames.end();
      this.#outbox.abandon(closedError(this.remote, this.#reason));
      onClosed(this.#reason);
    });
  }

  #receive(chunk: Buffer): void {
    if (this.#closing) return;
    const frames: Frame[] = [];
    try {
      if (this.#decoder.idle && isTls(chunk)) throw tlsWithoutSecret();
      this.#decoder.push(chunk, frames);
    } catch (fault) {
      this.#refuse(fault as SyncError);
      return;
    }
    if (frames.length > 0) this.#introduce();
    for (const frame of frames) this.frames.put(frame);
    if (!this.frames.empty) this.#pauseUntilTaken();
    else if (this.#decoder.idle) this.#arrival.stop();
    else if (frames.length > 0 || !this.#arrival.running) this.#arrival.start();
  }

  #introduce(): void {
    this.#introduced?.();
    this.#introduced = null;
  }

  #pauseUntilTaken(): void {
    this.#arrival.stop();
    this.#socket.pause();
    void this.frames.whenEmpty().then(() => {
      if (this.#closing) return;
      this.#socket.resume();
      if (!this.#decoder.idle) this.#arrival.start();
    });
  }

  #endOfInput(): void {
    this.#arrival.clear();
    if (!this.#closing && !this.#decoder.idle)
      this.#reason ??= new SyncError('closed', 'It ended in the middle of a message.');
    this.frames.end();
  }

  /** Answers a violation of the protocol once and closes. */
  #refuse(error: SyncError): void {
    void this.send({ id: null, error: toFailure(error) });
    this.close(error);
  }

  #cutOff(error: SyncError): void {
    this.#reason ??= error;
    this.#outbox.abandon(closedError(this.remote, error));
    this.#socket.destroy();
  }
}

function addressOf(socket: Duplex): string {
  if (!(socket instanceof net.Socket)) return 'the other end';
  const { remoteAddress, remoteFamily, remotePort } = socket;
  return remoteFamily === 'IPv6' ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
}

const tlsWithoutSecret = (): SyncError =>
  new SyncError('not-allowed', 'It was contacted with TLS, but was started without a secret.', {
    hint: 'Start it with --secret-file, or leave the secret out on the other end.',
  });

const tooSlow = (ms: number): SyncError =>
  new SyncError('timeout', `A message did not arrive completely within ${ms / 1000} s.`);
