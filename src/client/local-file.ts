// A local file that is uploaded. It is opened once, and a change during the upload is detected.
import fs from 'node:fs/promises';
import path from 'node:path';
import { SyncError } from '../core/errors.js';
import { quote } from '../core/path.js';
import { systemTrouble } from '../core/system-error.js';
import { PIECE_BYTES } from './transfers.js';

/** An open local file. */
interface LocalFile {
  readonly size: number;
  /** ISO 8601. */
  readonly mtime: string;
  readonly mode: number;
  pieces(): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/** @throws SyncError `not-found`, `usage` where it is not a regular file, `failed` where it cannot be read. */
export async function openLocalFile(name: string): Promise<LocalFile> {
  let handle: fs.FileHandle;
  try {
    handle = await fs.open(name, 'r');
  } catch (error) {
    throw notOpened(name, error as NodeJS.ErrnoException);
  }
  const stats = await handle.stat();
  if (!stats.isFile()) {
    await handle.close();
    throw noFile(name, stats.isDirectory());
  }
  return {
    size: stats.size,
    mtime: stats.mtime.toISOString(),
    mode: stats.mode & 0o777,
    async *pieces() {
      for (let at = 0; at < stats.size; ) {
        const data = Buffer.allocUnsafe(Math.min(PIECE_BYTES, stats.size - at));
        const { bytesRead } = await handle.read(data, 0, data.length, at);
        if (bytesRead === 0) throw changed(name);
        at += bytesRead;
        yield data.subarray(0, bytesRead);
      }
      const now = await handle.stat();
      if (now.size !== stats.size || now.mtimeMs !== stats.mtimeMs) throw changed(name);
    },
    close: () => handle.close(),
  };
}

function notOpened(name: string, error: NodeJS.ErrnoException): SyncError {
  const { code } = error;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new SyncError(
      'not-found',
      `There is no file ${quote(name)} on this machine (looked for ${path.resolve(name)}).`,
      {
        hint: `See what there is with: ls ${path.dirname(name)}`,
      },
    );
  }
  return new SyncError('failed', `${quote(name)} cannot be read: ${systemTrouble(error).why}.`, {
    hint: 'Check its permissions.',
  });
}

function noFile(name: string, isDirectory: boolean): SyncError {
  const what = isDirectory ? 'a directory' : 'not a regular file';
  return new SyncError('usage', `${quote(name)} is ${what}; an upload takes one file.`, {
    hint: isDirectory ? 'Name the files in it.' : 'Name a file.',
  });
}

const changed = (name: string): SyncError =>
  new SyncError('failed', `${quote(name)} was changed while it was sent, so nothing was uploaded.`, {
    hint: 'Send it again when the program that writes it has finished.',
  });
