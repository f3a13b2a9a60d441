// Reads the body of a small request as JSON: bounded in size and time, and only where it says that it is JSON, which no
// form of another page can do.
import type { IncomingMessage } from 'node:http';
import { SyncError } from '../core/errors.js';
import { parseJson } from '../wire/frame/json.js';
import { DEFAULT_LIMITS } from '../wire/frame/limits.js';
import { HttpError } from './answer.js';

const { lineBytes: MAX_BYTES, requestMs: MAX_MS, depth: MAX_DEPTH } = DEFAULT_LIMITS;

/**
 * @returns the value.
 * @throws HttpError 408, 413, 415; SyncError `bad-message` where it is not JSON, `closed` where the rest does not come.
 */
export async function readJson(req: IncomingMessage): Promise<unknown> {
  const type = req.headers['content-type'] ?? '';
  if (!/^application\/json *(;|$)/i.test(type)) throw notJson();
  if (Number(req.headers['content-length'] ?? 0) > MAX_BYTES) throw tooLarge();
  return parseJson(await read(req), MAX_DEPTH);
}

function read(req: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    const settle = (done: () => void): void => {
      clearTimeout(late);
      req.off('data', take).off('end', ended).off('close', gone);
      done();
    };
    const late = setTimeout(() => settle(() => reject(tooSlow())), MAX_MS);
    const ended = (): void => settle(() => resolve(Buffer.concat(parts)));
    const gone = (): void => settle(() => reject(new SyncError('closed', 'The request has ended too early.')));
    const take = (part: Buffer): void => {
      bytes += part.length;
      parts.push(part);
      if (bytes > MAX_BYTES) settle(() => reject(tooLarge()));
    };
    req.on('data', take).on('end', ended).on('close', gone);
  });
}

const notJson = (): HttpError =>
  new HttpError(415, 'usage', 'Only bodies of the type application/json are read.', {
    hint: 'Send the header Content-Type: application/json.',
  });

const tooLarge = (): HttpError =>
  new HttpError(413, 'too-large', `The body is longer than ${MAX_BYTES / 1024} KiB.`, {
    hint: 'Ask about fewer files at once.',
  });

const tooSlow = (): HttpError =>
  new HttpError(408, 'timeout', `The body did not arrive within ${MAX_MS / 1000} s.`, { hint: 'Try again.' });
