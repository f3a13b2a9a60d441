// Passes bytes both ways between a client and the server that answers it, unread and as fast as each end takes them: what
// one end does not read stops the other, and takes two buffers of a socket. Each end ends with the other.
import { type Duplex, Transform } from 'node:stream';
import type { SyncError } from '../../core/errors.js';
import { toFailure } from '../frame/errors.js';
import { encodeLine } from '../frame/frames.js';
import { DEFAULT_LIMITS, type WireLimits } from '../frame/limits.js';
import { MessageEnds } from '../frame/message-ends.js';
import type { Detached } from './connection.js';

type RelayLimits = Pick<WireLimits, 'readerMs' | 'closeMs'>;

/**
 * @param client who asks.
 * @param server who answers, with the encoder of this program.
 * @param lost told to a client whose server ends first without saying why, unless a message is incomplete.
 */
export function relay(client: Detached, server: Detached, lost: SyncError, limits: RelayLimits = DEFAULT_LIMITS): void {
  const answers = answersOf(lost, () => client.socket.readableEnded);
  if (client.rest.length > 0) server.socket.write(client.rest);
  if (server.rest.length > 0) answers.write(server.rest);
  client.socket.pipe(server.socket);
  server.socket.pipe(answers).pipe(client.socket);
  server.socket.once('close', () => {
    if (!answers.writableEnded) answers.end();
    // A socket with unread bytes is reset, and its last output lost.
    client.socket.resume();
  });
  endAfter(server.socket, client.socket, limits);
  client.socket.once('close', () => {
    answers.destroy();
    server.socket.destroy();
  });
}

/** @param hasAsked whether the client has said that it asks for nothing more: then the server ends when all is answered. */
function answersOf(lost: SyncError, hasAsked: () => boolean): Transform {
  const ends = new MessageEnds();
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      ends.pass(chunk);
      done(null, chunk);
    },
    flush: (done) => {
      const isTold = !ends.isWhole || ends.isFinal || hasAsked();
      done(null, isTold ? null : encodeLine({ id: null, error: toFailure(lost) }));
    },
  });
}

/** Closes the client's socket some time after its server has ended, whatever it still sends or does not read. */
function endAfter(server: Duplex, socket: Duplex, { readerMs, closeMs }: RelayLimits): void {
  let timer: NodeJS.Timeout | undefined;
  const closeIn = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => socket.destroy(), ms).unref();
  };
  for (const event of ['end', 'close']) server.once(event, () => timer ?? closeIn(readerMs));
  socket.once('finish', () => closeIn(closeMs));
  socket.once('close', () => clearTimeout(timer));
}
