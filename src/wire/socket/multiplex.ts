// Many streams over one: the standard input and output of a program on another machine carry every connection of the
// peer protocol. The framing and the flow control of each stream are those of HTTP/2 (RFC 9113), as Node has them.
import http2 from 'node:http2';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { SyncError } from '../../core/errors.js';

/** Bytes of one stream that the other end may send before they are read. */
const STREAM_WINDOW = 1024 * 1024;
/** The same for all streams together: streams that nobody reads must not stop the others. */
const SESSION_WINDOW = 256 * STREAM_WINDOW;
/** Streams at one time. */
const MAX_STREAMS = 128;
const MAX_FRAME_BYTES = 256 * 1024;
/** How long the other end may take to accept a stream, in milliseconds. */
const OPEN_MS = 10_000;

const SETTINGS: http2.Settings = {
  enablePush: false,
  initialWindowSize: STREAM_WINDOW,
  maxConcurrentStreams: MAX_STREAMS,
  maxFrameSize: MAX_FRAME_BYTES,
};
/** In megabytes: more than the windows let come. */
const MEMORY = 1024;

/**
 * @returns one stream of the two halves of a connection. It is destroyed without an error: `Duplex.from` would report an
 * abort to a session that has ended.
 */
export function carrierOver(input: Readable, output: Writable): Duplex {
  const carrier = new Duplex({
    read: () => void input.resume(),
    write: (chunk, _encoding, done) => void output.write(chunk, () => done()),
    final: (done) => void output.end(() => done()),
    destroy: (error, done) => {
      input.destroy();
      output.destroy();
      done(error);
    },
  });
  const end = (): void => void carrier.destroy();
  input.on('data', (chunk: Buffer) => carrier.push(chunk) || input.pause());
  input.on('end', () => carrier.push(null));
  for (const half of [input, output]) half.on('error', end).on('close', end);
  return carrier;
}

/** The end that opens streams. */
interface Multiplexer {
  /**
   * Opens a stream.
   * @throws SyncError `unreachable` where the other end is gone, or does not accept it in time; then the carrier ends.
   */
  open(signal?: AbortSignal): Promise<Duplex>;
  /** Resolves when the carrier is gone. Never rejects. */
  readonly closed: Promise<void>;
  close(): void;
}

/**
 * @param carrier a stream to the other end, which calls `acceptStreams` on its own; it is not used by anyone else.
 * @param openMs how long the other end may take to accept a stream, in milliseconds.
 */
export function openStreams(carrier: Duplex, openMs = OPEN_MS): Multiplexer {
  const session = http2.connect('http://peer', {
    createConnection: () => carrier,
    settings: SETTINGS,
    maxSessionMemory: MEMORY,
  });
  session.on('error', () => {});
  session.once('connect', () => session.destroyed || session.setLocalWindowSize(SESSION_WINDOW));
  return {
    open: (signal) => openStream(session, openMs, signal),
    closed: new Promise((resolve) => session.once('close', resolve)),
    close: () => session.destroy(),
  };
}

function openStream(
  session: http2.ClientHttp2Session,
  openMs: number,
  signal: AbortSignal | undefined,
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    if (session.destroyed || session.closed) return reject(gone());
    const stream = session.request({ ':method': 'POST', ':path': '/' }, { endStream: false });
    const late = setTimeout(() => session.destroy(), openMs);
    const fail = (): void => {
      clearTimeout(late);
      signal?.removeEventListener('abort', abort);
      reject(gone());
    };
    const abort = (): void => void stream.close(http2.constants.NGHTTP2_CANCEL);
    signal?.addEventListener('abort', abort);
    stream.on('error', () => {});
    stream.once('close', fail);
    stream.once('response', () => {
      clearTimeout(late);
      stream.removeListener('close', fail);
      signal?.removeEventListener('abort', abort);
      resolve(stream);
    });
  });
}

/**
 * The end that accepts streams.
 * @param carrier a stream to the other end, which calls `openStreams` on its own.
 * @param onStream called with each stream that is opened.
 * @returns resolves when the carrier is gone. Never rejects.
 */
export function acceptStreams(carrier: Duplex, onStream: (stream: Duplex) => void): Promise<void> {
  const session = http2.performServerHandshake(carrier, { settings: SETTINGS, maxSessionMemory: MEMORY });
  session.on('error', () => {});
  session.setLocalWindowSize(SESSION_WINDOW);
  session.on('stream', (stream) => {
    stream.on('error', () => {});
    stream.respond({ ':status': 200 });
    onStream(stream);
  });
  return new Promise((resolve) => session.once('close', resolve));
}

const gone = (): SyncError => new SyncError('unreachable', 'The program at the other end is gone.');
