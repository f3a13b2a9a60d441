// Uploads a local file or a stream.
import { SyncError } from '../core/errors.js';
import type { Acted } from '../wire/client-api/methods.js';
import type { RpcClient } from '../wire/rpc/caller.js';
import { openLocalFile } from './local-file.js';
import { sendContent, type TransferOptions } from './transfers.js';

/** A content: a stream (such as a `Readable`), or its pieces. */
export type Content = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface UploadOptions extends TransferOptions {
  /** Whether a file there may be replaced; it goes to versions. */
  readonly overwrite?: boolean;
  /** Only a file with this hash is replaced. */
  readonly replaces?: string;
  /** The name that the file gets where the path is a directory. */
  readonly name?: string;
  /** The size of a stream in bytes. */
  readonly size?: number;
  /** The modification time; by default that of the local file, or the present time. */
  readonly mtime?: Date;
  /** The permission bits; by default those of the local file. */
  readonly mode?: number;
}

/** Uploads `source` as `owner`; see `Client.upload`. */
export async function uploadFrom(
  caller: RpcClient,
  owner: string,
  source: string | Content,
  path: string,
  { overwrite, replaces, name, size, mtime, mode, ...transfer }: UploadOptions,
): Promise<Acted> {
  const fields = {
    path,
    owner,
    ...(name === undefined ? {} : { name }),
    ...(overwrite === undefined ? {} : { overwrite }),
    ...(replaces === undefined ? {} : { replaces }),
    ...(mtime === undefined ? {} : { mtime: mtime.toISOString() }),
    ...(mode === undefined ? {} : { mode }),
  };
  if (typeof source !== 'string') {
    if (size === undefined) throw new SyncError('usage', 'An upload of a stream has to say its size.');
    return sendContent(caller, { ...fields, size }, () => source, transfer);
  }
  const file = await openLocalFile(source);
  try {
    const params = { mtime: file.mtime, mode: file.mode, ...fields, size: file.size };
    return await sendContent(caller, params, () => file.pieces(), transfer);
  } finally {
    await file.close();
  }
}
