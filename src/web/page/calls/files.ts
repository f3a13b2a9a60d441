// Contents: reading one as text, and uploading one with its progress, which only the older interface of browsers tells.
import { type ErrorCode, SyncError } from '../../../core/errors.js';
import { fileAddress } from '../words/names.js';
import { refusalOf } from './rpc.js';

/** @returns the content as text; null where it is none. @throws SyncError `not-found` where the file is not there. */
export async function textOf(path: string): Promise<string | null> {
  const answer = await fetch(fileAddress(path));
  if (!answer.ok) throw new SyncError('not-found', 'The content cannot be read now.');
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await answer.arrayBuffer());
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
}

interface UploadOptions {
  readonly overwrite: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (bytes: number) => void;
}

/** @throws SyncError `exists` where there is a file and it may not be replaced, `locked`, `interrupted` … */
export function upload(path: string, file: File, { overwrite, signal, onProgress }: UploadOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', `${fileAddress(path)}${overwrite ? '?overwrite=1' : ''}`);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.upload.addEventListener('progress', ({ loaded }) => onProgress(loaded));
    request.addEventListener('load', () => (request.status < 300 ? resolve() : reject(refused(request))));
    request.addEventListener('error', () => reject(new SyncError('unreachable', 'The server does not answer.')));
    request.addEventListener('abort', () => reject(new SyncError('interrupted', 'The upload was given up.')));
    signal.addEventListener('abort', () => request.abort());
    request.send(file);
  });
}

const CODES: Readonly<Record<number, ErrorCode>> = {
  401: 'not-allowed',
  403: 'not-allowed',
  409: 'exists',
  412: 'exists',
  423: 'locked',
};

function refused({ status, responseText }: XMLHttpRequest): SyncError {
  try {
    const { error } = JSON.parse(responseText) as { error: Parameters<typeof refusalOf>[0] & { code?: ErrorCode } };
    const code = error.data?.code ?? (typeof error.code === 'string' ? error.code : CODES[status]);
    return refusalOf({ message: error.message, data: { ...error, ...error.data, ...(code && { code }) } });
  } catch {
    return new SyncError(CODES[status] ?? 'failed', 'The server has refused the file.');
  }
}
