// A socket as a connection with bounded memory. The socket is not read while received frames are not consumed, and
// senders wait while sent frames are not read. It ends once, with a value, and never throws from an event. Or it is given
// up: then its socket goes on without it.

import net from 'node:net';
import type { Duplex } from 'node:stream';
import { SyncError } from '../../core/errors.js';
import type { Side } from '../../core/path.js';
import type { Person } from '../../core/person.js';
import { closedError, toFailure } from '../frame/errors.js';
import { encodeLine, FrameDecoder } from '../frame/frames.js';
import type { Frame, Message } from '../frame/json-rpc.js';
import { DEFAULT_LIMITS, type WireLimits } from '../frame/limits.js';
import { AsyncQueue } from './async-queue.js';
import { Deadline } from './deadline.js';
import { Outbox } from './outbox.js';
import { socketErrorText } from './socket-errors.js';

const KEEP_ALIVE_MS = 60_000;
/** The first byte of every TLS connection; no JSON begins with it. */
const TLS_BEGINS = 0x16;

/** @returns whether the first bytes of a connection are TLS. */
export const isTls = (first: Buffer): boolean => first[0] === TLS_BEGINS;

export interface Connection {
  /** The other end, such as `127.0.0.1:54321`. */
  readonly remote: string;
  /** Whose key has opened it; null or absent where it was no key of a person. */
  readonly person?: Person | null;
  /** The side whose server has accepted it: there its caller works unless he says otherwise. Absent for side a. */
  readonly side?: Side;
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

/** What is left of a connection that was given up. */
export interface Detached {
  /** Paused; nobody else reads or writes it. */
  readonly socket: Duplex;
  /** What was received and not consumed. It comes before what the socket still has. */
  readonly rest: Buffer;
}

/** A connection that can be given up after its first message was looked at. */
export interface FreshConnection extends Connection {
  /** The first message, which stays among the frames; null where the connection ends before. */
  readonly first: Promise<Message | null>;
  /**
   * Gives the connection up once everything that was sent is written. From then on `close` destroys the socket at once,
   * and `closed` still tells its end.
   * @returns null where the connection has ended.
   */
  detach(): Promise<Detached | null>;
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
): FreshConnection {
  return new SocketConnection(socket, { ...DEFAULT_LIMITS, ...limits }, introduced, person, remote);
}

class SocketConnection implements FreshConnection {
  readonly frames = new AsyncQueue<Frame>();
  readonly first: Promise<Message | null>;
  readonly closed: Promise<Error | null>;
  readonly #socket: Duplex;
  readonly #decoder: FrameDecoder;
  readonly #outbox: Outbox;
  /** Runs while a frame is incomplete. */
  readonly #arrival: Deadline;
  readonly #linger: Deadline;
  #introduced: (() => void) | null;
  #onFirst: (message: Message | null) => void = () => {};
  #isDetached = false;
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
    this.first = new Promise((resolve) => {
      this.#onFirst = resolve;
    });
    this.closed = new Promise((resolve) => this.#listen(resolve));
  }

  send(message: Message, payload?: Buffer, sent?: () => void): Promise<void> {
    return this.#outbox.send(message, payload, sent);
  }

  room(): Promise<void> | null {
    return this.#outbox.room();
  }

  async detach(): Promise<Detached | null> {
    if (this.#closing) return null;
    this.#closing = this.#isDetached = true;
    this.#arrival.clear();
    this.#socket.pause();
    for (const event of ['data', 'end']) this.#socket.removeAllListeners(event);
    const frames = this.frames.takeAll();
    this.frames.end();
    const rest = Buffer.concat([...frames.flatMap(encoded), this.#decoder.rest()]);
    const isWritten = new Promise<boolean>((resolve) => {
      this.#outbox.finish(closedError(this.remote, null), () => resolve(true));
      void this.closed.then(() => resolve(false));
    });
    return (await isWritten) && !this.#socket.destroyed ? { socket: this.#socket, rest } : null;
  }

  close(reason?: Error): void {
    if (this.#isDetached) {
      this.#reason ??= reason ?? null;
      this.#socket.destroy();
    }
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
      this.#onFirst(null);
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
    if (frames.length > 0) this.#introduce(frames[0]!.message);
    for (const frame of frames) this.frames.put(frame);
    if (!this.frames.empty) this.#pauseUntilTaken();
    else if (this.#decoder.idle) this.#arrival.stop();
    else if (frames.length > 0 || !this.#arrival.running) this.#arrival.start();
  }

  #introduce(first: Message): void {
    if (this.#introduced === null) return;
    this.#introduced();
    this.#introduced = null;
    this.#onFirst(first);
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
    this.#onFirst(null);
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

const encoded = ({ message, payload }: Frame): Buffer[] =>
  payload === null ? [Buffer.from(encodeLine(message))] : [Buffer.from(encodeLine(message, payload)), payload];

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
