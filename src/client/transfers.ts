// Transfers contents between a client and server-a, without the files at either end. A content is sent when the server
// requests it; a received content is checked against its announcement.

import { createHash } from 'node:crypto';
import { CONTENT_HASH } from '../core/entry.js';
import { SyncError } from '../core/errors.js';
import type { Acted, ClientMethods, DownloadedFile, Target } from '../wire/client-api/methods.js';
import { downloadedFile } from '../wire/client-api/params.js';
import { releaseOf } from '../wire/frame/payload-pool.js';
import type { RpcClient } from '../wire/rpc/caller.js';
import { checkParams } from '../wire/rpc/params.js';
import { AsyncQueue } from '../wire/socket/async-queue.js';

/** The largest piece that is sent, in bytes, so that transfers share a connection fairly. */
export const PIECE_BYTES = 256 * 1024;

/** The progress of a transfer. */
export interface Progress {
  /** Bytes of the file that have arrived, including those of an earlier attempt. */
  readonly bytes: number;
  /** The size of the file in bytes. */
  readonly size: number;
}

/** Options of uploads and downloads. */
export interface TransferOptions {
  /** Called after each piece, and at the end. */
  readonly onProgress?: (progress: Progress) => void;
  /** Aborting it ends the transfer with `interrupted`. */
  readonly signal?: AbortSignal;
}

/**
 * Sends a content.
 * @param pieces exactly `params.size` bytes; not called where the server refuses the upload.
 * @throws SyncError the server's error; what `pieces` throws.
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
  const hash = createHash(CONTENT_HASH);
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

/** Receives the parts of a download. */
interface DownloadSink {
  /** Called first. */
  file(file: DownloadedFile): void | Promise<void>;
  /** Called with the next bytes, which are valid until the result resolves. */
  piece(data: Buffer): void | Promise<void>;
}

/**
 * Receives a content.
 * @throws SyncError the server's error; what `sink` throws.
 */
export async function receiveContent(
  caller: RpcClient,
  params: ClientMethods['download']['params'],
  sink: DownloadSink,
  signal?: AbortSignal,
): Promise<ClientMethods['download']['result']> {
  const expected = new ExpectedContent();
  const onNotification = async (method: string, announced: unknown, payload: Buffer | null): Promise<void> => {
    if (method === 'file') await sink.file(expected.begin(checkParams(downloadedFile, announced) as DownloadedFile));
    if (method !== 'content' || payload === null) return;
    expected.add(payload.length);
    await sink.piece(payload);
    releaseOf(payload)?.();
  };
  const { result } = await caller.call('download', params, {
    onNotification,
    ...(signal === undefined ? {} : { signal }),
  });
  expected.end();
  return result as ClientMethods['download']['result'];
}

/** Checks a received content against its announcement. */
class ExpectedContent {
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
    if (this.#size < 0) throw notAnnounced('The server sent content before it announced a file.');
    if (this.#bytes > this.#size)
      throw notAnnounced(`The server sent more than the ${this.#size} bytes that it had announced.`);
  }

  end(): void {
    if (this.#size < 0) throw notAnnounced('The server did not announce a file.');
    if (this.#bytes < this.#size)
      throw notAnnounced(`The server sent ${this.#bytes} of the ${this.#size} bytes that it had announced.`);
  }
}

const notAnnounced = (message: string): SyncError =>
  new SyncError('bad-message', message, {
    hint: 'Nothing was saved. Check that the program there is your server, and of the same version.',
  });

/**
 * Receives a content as a stream.
 * @throws SyncError `busy` at the end where the content does not have its hash.
 */
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
  const hash = createHash(CONTENT_HASH);
  let file: DownloadedFile | null = null;
  let bytes = 0;
  const sink: DownloadSink = {
    file: (announced) => {
      file = announced;
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
    hint: 'Try again when the program that writes it has finished.',
  });

const otherSize = (size: number): SyncError =>
  new SyncError('failed', `The content does not have the announced size of ${size} bytes.`, {
    hint: 'Send it again when it does not change.',
  });
