// Connections in memory: frames become bytes, bytes come late and in pieces, and a connection can be cut at any byte. The
// ends are those of src/wire/connection.ts without a socket; codec, inbox, caller and server are the real ones.

import { SyncError } from '../../src/core/errors.js';
import { closedError } from '../../src/wire/frame/errors.js';
import { encodeLine, FrameDecoder } from '../../src/wire/frame/frames.js';
import type { Frame, Message } from '../../src/wire/frame/json-rpc.js';
import { PEER_LIMITS } from '../../src/wire/frame/limits.js';
import { AsyncQueue } from '../../src/wire/socket/async-queue.js';
import type { Connection } from '../../src/wire/socket/connection.js';
import type { World } from './world.js';

/** From so many queued bytes on a sender has to wait. */
const QUEUE = 2_000;

/** An end that is closed waits so long for its last words to leave. */
const LINGER_MS = PEER_LIMITS.closeMs;

export class SimConnection implements Connection {
  readonly #world: World;

  readonly remote = 'sim';
  readonly frames = new AsyncQueue<Frame>();
  readonly closed: Promise<Error | null>;
  peer!: SimConnection;
  /** Whether it is gone for this end. */
  over = false;
  #ended = false;
  #resolve!: (reason: Error | null) => void;
  readonly #decoder = new FrameDecoder(PEER_LIMITS);
  #outgoing: Buffer[] = [];
  #bytes = 0;
  #moving = false;
  #waiting: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = [];

  constructor(world: World) {
    this.#world = world;

    this.closed = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  send(message: Message, payload?: Buffer): Promise<void> {
    if (this.over || this.#ended) return refused();
    const frame = Buffer.concat([Buffer.from(encodeLine(message, payload)), payload ?? Buffer.alloc(0)]);
    this.#outgoing.push(frame);
    this.#bytes += frame.length;
    this.#move();
    if (this.#bytes < QUEUE) return Promise.resolve();
    const sent = new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    sent.catch(() => {});
    return sent;
  }

  close(reason?: Error): void {
    if (this.over || this.#ended) return;
    this.#ended = true;
    this.frames.end();
    this.frames.clear();
    this.#closeReason = reason ?? null;
    this.#move();
    this.#world.at(LINGER_MS, () => this.drop(this.#closeReason));
  }

  #closeReason: Error | null = null;

  /** The connection is gone for this end, now. */
  drop(reason: Error | null): void {
    if (this.over) return;
    this.over = true;
    this.#outgoing = [];
    this.frames.end();
    for (const { reject } of this.#waiting.splice(0)) reject(closedError('sim', reason));
    this.#resolve(reason);
  }

  /** Cuts it at whatever byte is on its way; each end learns it in its own time. */
  cut(): void {
    const { random } = this.#world;
    const reason = new SyncError('closed', 'The connection was cut.');
    for (const end of [this, this.peer]) {
      end.#outgoing = [];
      end.#severed = true;
      this.#world.at(random.chance(0.1) ? random.between(0, 25_000) : random.between(0, 20), () => end.drop(reason));
    }
  }

  #severed = false;

  #move(): void {
    if (this.#moving || this.#severed) return;
    this.#moving = true;
    this.#world.at(this.#world.random.between(0, this.#world.weather.wireMs), () => this.#deliver());
  }

  #deliver(): void {
    this.#moving = false;
    if (this.#severed || this.over) return;
    if (this.#outgoing.length === 0) {
      if (this.#ended) this.#finish();
      return;
    }
    const { peer } = this;
    if (!peer.frames.empty) {
      this.#moving = true;
      void peer.frames.whenEmpty().then(() => {
        this.#moving = false;
        this.#move();
      });
      return;
    }
    const { random, weather } = this.#world;
    let chunk = this.#outgoing.length === 1 ? this.#outgoing[0]! : Buffer.concat(this.#outgoing);
    this.#outgoing = [];
    if (random.chance(weather.split) && chunk.length > 1) {
      const at = 1 + random.below(chunk.length - 1);
      this.#outgoing = [chunk.subarray(at)];
      chunk = chunk.subarray(0, at);
    }
    this.#bytes -= chunk.length;
    if (this.#bytes < QUEUE) for (const { resolve } of this.#waiting.splice(0)) resolve();
    peer.#hear(chunk);
    if (this.#outgoing.length > 0 || this.#ended) this.#move();
  }

  #hear(chunk: Buffer): void {
    if (this.over || this.#ended) return;
    try {
      for (const frame of this.#decoder.push(chunk)) this.frames.put(frame);
    } catch (fault) {
      this.#world.broken(`not the protocol: ${(fault as Error).message}`);
    }
  }

  #finish(): void {
    this.peer.frames.end();
    this.drop(this.#closeReason);
  }
}

/** @returns both ends of a new connection. */
export function connect(world: World): [SimConnection, SimConnection] {
  const near = new SimConnection(world);
  const peer = new SimConnection(world);
  near.peer = peer;
  peer.peer = near;
  return [near, peer];
}

function refused(): Promise<never> {
  const promise = Promise.reject(closedError('sim', null));
  promise.catch(() => {});
  return promise;
}
