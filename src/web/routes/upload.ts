// PUT /files/PATH: the body becomes the file. Nothing of it is read before the pair agrees to take it, and a file that is
// there is replaced only where the request says so.

import type { IncomingHttpHeaders } from 'node:http';
import { uploadFrom } from '../../client/upload.js';
import { SyncError } from '../../core/errors.js';
import { HttpError, sendJson } from '../answer.js';
import { filePath } from '../file-path.js';
import type { SignedIn } from '../visit.js';

export async function uploadFile({ req, res, path, query, session, connect }: SignedIn): Promise<void> {
  const file = filePath(path);
  const size = sizeOf(req.headers['content-length']);
  const condition = conditionOf(req.headers, query);
  const mtime = timeOf(query.get('mtime'));
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  const body = async function* (): AsyncGenerator<Buffer> {
    if (req.headers.expect !== undefined) res.writeContinue();
    yield* req as AsyncIterable<Buffer>;
  };
  const options = { size, ...condition, ...(mtime === null ? {} : { mtime }), signal: gone.signal };
  try {
    const content = { [Symbol.asyncIterator]: body };
    const done = await uploadFrom(connect(), session.user.name, content, file, options);
    sendJson(res, done.created === true ? 201 : 200, done, { ETag: `"${done.hash}"` });
  } catch (error) {
    throw error instanceof SyncError ? inHttp(error, req.headers) : error;
  }
}

/** What the answer to a condition that does not hold is made of. */
const UNMET: ReadonlySet<string> = new Set(['exists', 'not-found']);

const isConditional = (headers: IncomingHttpHeaders): boolean =>
  headers['if-match'] !== undefined || headers['if-none-match'] !== undefined;

/** @returns the refusal with the status for a condition, and with what would let the request replace a file. */
function inHttp(error: SyncError, headers: IncomingHttpHeaders): SyncError {
  const { code, message } = error;
  const hint = code === 'exists' ? REPLACE_IT : error.hint;
  if (isConditional(headers) && UNMET.has(code)) return new HttpError(412, code, message, { hint });
  return code === 'exists' ? new HttpError(409, code, message, { hint }) : error;
}

const REPLACE_IT =
  'Choose another name, or add ?overwrite=1, or If-Match with the ETag of what is there, which goes to versions.';

/** @returns what may be replaced. @throws HttpError 400. */
function conditionOf(
  { 'if-match': match, 'if-none-match': noneMatch }: IncomingHttpHeaders,
  query: URLSearchParams,
): { readonly overwrite?: boolean; readonly replaces?: string } {
  if (noneMatch !== undefined && noneMatch.trim() !== '*')
    throw new HttpError(400, 'usage', 'If-None-Match takes * here.');
  if (noneMatch !== undefined) return {};
  if (match === undefined) return { overwrite: query.get('overwrite') === '1' };
  const replaces = /^"([\da-f]{64})"$/.exec(match.trim())?.[1];
  if (replaces === undefined)
    throw new HttpError(400, 'usage', 'If-Match takes the ETag of the file that is replaced.');
  return { replaces };
}

/** @returns the modification time; null where none is given. @throws HttpError 400. */
function timeOf(text: string | null): Date | null {
  if (text === null) return null;
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new HttpError(400, 'bad-params', 'mtime takes a time in ISO 8601.');
  return time;
}

/** @throws HttpError 411. */
function sizeOf(header: string | undefined): number {
  if (header !== undefined && /^\d{1,15}$/.test(header)) return Number(header);
  throw new HttpError(411, 'usage', 'An upload has to say its size first.', {
    hint: 'Send the header Content-Length.',
  });
}
