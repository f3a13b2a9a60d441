// The content that comes on stdin for `client upload - AS`. An upload announces its size, so the content is stored in a
// temporary file first. That file has no name while it is filled, so that nothing of it is left after a crash.
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { SyncError } from '../../../core/errors.js';
import { quote } from '../../../core/path.js';
import { reasonOf } from '../../../core/system-error.js';

const PIECE_BYTES = 256 * 1024;

/** A stored content. */
interface Stored {
  /** In bytes. */
  readonly size: number;
  pieces(): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/**
 * Reads `input` to its end.
 * @throws SyncError `interrupted` where `signal` is aborted; `failed` where the temporary file cannot be written.
 */
export async function stored(input: NodeJS.ReadableStream, signal: AbortSignal): Promise<Stored> {
  const file = await unnamedFile();
  try {
    const size = await fill(file, input, signal);
    return { size, pieces: () => piecesOf(file, size), close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error instanceof SyncError ? error : notStored(error);
  }
}

async function unnamedFile(): Promise<fs.FileHandle> {
  try {
    const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'lockstep-'));
    try {
      return await fs.open(path.join(directory, 'stdin'), 'wx+', 0o600);
    } finally {
      await fs.rm(directory, { recursive: true, force: true });
    }
  } catch (error) {
    throw notStored(error);
  }
}

async function fill(file: fs.FileHandle, input: NodeJS.ReadableStream, signal: AbortSignal): Promise<number> {
  const parts = input[Symbol.asyncIterator]();
  let onAbort = () => {};
  const stopped = new Promise<never>((_, reject) => {
    onAbort = () => reject(new SyncError('interrupted', 'Reading stdin was interrupted, so nothing was uploaded.'));
  });
  stopped.catch(() => {});
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    for (let size = 0; ; ) {
      const { value, done } = await Promise.race([parts.next(), stopped]);
      if (done === true) return size;
      const data = Buffer.from(value);
      for (let at = 0; at < data.length; ) at += (await file.write(data, at, data.length - at, size + at)).bytesWritten;
      size += data.length;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function* piecesOf(file: fs.FileHandle, size: number): AsyncGenerator<Buffer, void, void> {
  for (let at = 0; at < size; ) {
    const data = Buffer.allocUnsafe(Math.min(PIECE_BYTES, size - at));
    const { bytesRead } = await file.read(data, 0, data.length, at);
    if (bytesRead === 0)
      throw new SyncError('failed', 'The stored content of stdin became shorter, so nothing was uploaded.');
    at += bytesRead;
    yield data.subarray(0, bytesRead);
  }
}

const notStored = (error: unknown): SyncError =>
  new SyncError('failed', `What comes on stdin cannot be stored in ${quote(os.tmpdir())}: ${reasonOf(error)}.`, {
    hint: 'Nothing was uploaded. Name a directory with more space in TMPDIR.',
  });
