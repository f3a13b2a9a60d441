// Contents between a client and server-a: the two calls that stream, without the files at either end. What is sent is
// sent once it is asked for; what comes is counted and hashed by whoever takes it.

import { createHash } from 'node:crypto';
import { SyncError } from '../core/errors.js';
import type { Acted, ClientMethods, DownloadedFile, Target } from '../wire/client-api/methods.js';
import { downloadedFile } from '../wire/client-api/params.js';
import { releaseOf } from '../wire/frame/payload-pool.js';
import type { RpcClient } from '../wire/rpc/caller.js';
import { checkParams } from '../wire/rpc/params.js';
import { AsyncQueue } from '../wire/socket/async-queue.js';

/** The largest piece sent, in bytes: nobody waits long for another's. */
export const PIECE_BYTES = 256 * 1024;

/** How far a transfer has come, in bytes. */
export interface Progress {
  /** Bytes of the file that are there, those of an earlier attempt included. */
  readonly bytes: number;
  /** The file's size. */
  readonly size: number;
}

/** What both directions can be told. */
export interface TransferOptions {
  /** Told after each piece, and once at the end. */
  readonly onProgress?: (progress: Progress) => void;
  /** Aborting it ends the transfer with `interrupted`. */
  readonly signal?: AbortSignal;
}

/**
 * Sends a content.
 * @param pieces exactly `params.size` bytes; not asked for where the server refuses.
 * @throws SyncError as the server refuses; what `pieces` throws.
 */
export async function sendContent(
  caller: RpcClient,
  params: ClientMethods['upload']['params'],
  pieces: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { onProgress, signal }: TransferOptions,
): Promise<Acted> {
  const giveUp = new AbortController();
  let fault: { readonly error: unknown } | null = null;
  const failed = (error: unknown) => {
    fault ??= { error };
    giveUp.abort();
  };
  let id = 0;
  let isReady = false;
  const onNotification = (method: string): void => {
    if (method !== 'ready' || isReady) return;
    isReady = true;
    pump(caller, id, pieces(), params.size, onProgress, giveUp.signal).catch(failed);
  };
  const onAbort = () => giveUp.abort();
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) giveUp.abort();
  try {
    const started = (call: number) => {
      id = call;
    };
    const { result } = await caller.call('upload', params, { onNotification, started, signal: giveUp.signal });
    onProgress?.({ bytes: params.size, size: params.size });
    return result as Acted;
  } catch (error) {
    throw fault === null ? error : (fault as { error: unknown }).error;
  } finally {
    giveUp.abort();
    signal?.removeEventListener('abort', onAbort);
  }
}

async function pump(
  caller: RpcClient,
  id: number,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  size: number,
  onProgress: TransferOptions['onProgress'],
  signal: AbortSignal,
): Promise<void> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of pieces) {
    const whole = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    for (let at = 0; at < whole.length; at += PIECE_BYTES) {
      if (signal.aborted) return;
      const data = whole.subarray(at, at + PIECE_BYTES);
      hash.update(data);
      bytes += data.length;
      if (bytes > size) throw otherSize(size);
      await caller.notify('content', { id }, data);
      onProgress?.({ bytes, size });
    }
  }
  if (bytes !== size) throw otherSize(size);
  await caller.notify('content', { id, last: true, hash: hash.digest('hex') });
}

/** Takes what comes in of a download. */
interface DownloadSink {
  /** Comes first. */
  file(file: DownloadedFile): void | Promise<void>;
  /** The next bytes; they may be used until this resolves. */
  piece(data: Buffer): void | Promise<void>;
}

/**
 * Receives a content.
 * @throws SyncError as the server refuses; what `sink` throws.
 */
export async function receiveContent(
  caller: RpcClient,
  params: ClientMethods['download']['params'],
  sink: DownloadSink,
  signal?: AbortSignal,
): Promise<ClientMethods['download']['result']> {
  const coming = new Coming();
  const onNotification = async (method: string, told: unknown, payload: Buffer | null): Promise<void> => {
    if (method === 'file') await sink.file(coming.begin(checkParams(downloadedFile, told) as DownloadedFile));
    if (method !== 'content' || payload === null) return;
    coming.add(payload.length);
    await sink.piece(payload);
    releaseOf(payload)?.();
  };
  const { result } = await caller.call('download', params, {
    onNotification,
    ...(signal === undefined ? {} : { signal }),
  });
  coming.end();
  return result as ClientMethods['download']['result'];
}

/** What comes of a download, held to what the server announced. */
class Coming {
  #size = -1;
  #bytes = 0;

  begin(file: DownloadedFile): DownloadedFile {
    if (this.#size >= 0 || file.from > file.size) throw notAnnounced('The server announced two files for one.');
    this.#size = file.size;
    this.#bytes = file.from;
    return file;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#size < 0) throw notAnnounced('The server sent content before its file was named.');
    if (this.#bytes > this.#size)
      throw notAnnounced(`The server sent more than the ${this.#size} bytes that it had announced.`);
  }

  end(): void {
    if (this.#size < 0) throw notAnnounced('The server named no file.');
    if (this.#bytes < this.#size)
      throw notAnnounced(`The server sent ${this.#bytes} of the ${this.#size} bytes that it had announced.`);
  }
}

const notAnnounced = (message: string): SyncError =>
  new SyncError('bad-message', message, {
    hint: 'Nothing was saved. See whether what listens there is your server, and of the same version.',
  });

/** Receives a content as a stream that its consumer pulls. */
export async function* readContent(
  caller: RpcClient,
  target: Target,
  { onProgress, signal }: TransferOptions = {},
): AsyncGenerator<Buffer, void, void> {
  const pieces = new AsyncQueue<Buffer>();
  const over = new AbortController();
  const onAbort = () => over.abort();
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) over.abort();
  const hash = createHash('sha256');
  let file: DownloadedFile | null = null;
  let bytes = 0;
  const sink: DownloadSink = {
    file: (told) => {
      file = told;
    },
    piece: (data) => {
      const own = Buffer.from(data);
      hash.update(own);
      bytes += own.length;
      return pieces.handOver(own);
    },
  };
  const end = () => pieces.end(hash.digest('hex') === file?.hash ? null : notSound());
  receiveContent(caller, { target }, sink, over.signal).then(end, (error: Error) => pieces.end(error));
  try {
    for await (const piece of pieces) {
      yield piece;
      onProgress?.({ bytes, size: file!.size });
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    over.abort();
  }
}

const notSound = (): SyncError =>
  new SyncError('busy', 'The file was written to while it was read, so it is not one version.', {
    hint: 'Try again when whoever writes it has finished.',
  });

const otherSize = (size: number): SyncError =>
  new SyncError('failed', `What was to be sent is not the ${size} bytes that it was announced as.`, {
    hint: 'Send it again when nobody changes it.',
  });
