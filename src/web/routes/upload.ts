// PUT /files/PATH: the body becomes the file. Nothing of it is read before the pair agrees to take it, and a file that is
// there is replaced only where the request says so.

import { uploadFrom } from '../../client/upload.js';
import { SyncError } from '../../core/errors.js';
import { HttpError, sendJson } from '../answer.js';
import { filePath } from '../file-path.js';
import type { SignedIn } from '../visit.js';

export async function uploadFile({ req, res, path, query, session, connect }: SignedIn): Promise<void> {
  const file = filePath(path);
  const size = sizeOf(req.headers['content-length']);
  const { 'if-match': match, 'if-none-match': noneMatch } = req.headers;
  const overwrite = query.get('overwrite') === '1' || match !== undefined;
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  const body = async function* (): AsyncGenerator<Buffer> {
    if (req.headers.expect !== undefined) res.writeContinue();
    yield* req as AsyncIterable<Buffer>;
  };
  try {
    const content = { [Symbol.asyncIterator]: body };
    const done = await uploadFrom(connect(), session.user.name, content, file, {
      size,
      overwrite,
      signal: gone.signal,
    });
    sendJson(res, done.created === true ? 201 : 200, done, { ETag: `"${done.hash}"` });
  } catch (error) {
    if (error instanceof SyncError && error.code === 'exists' && noneMatch !== undefined)
      throw new HttpError(412, error.code, error.message, { hint: error.hint });
    throw error;
  }
}

/** @throws HttpError 411. */
function sizeOf(header: string | undefined): number {
  if (header !== undefined && /^\d{1,15}$/.test(header)) return Number(header);
  throw new HttpError(411, 'usage', 'An upload has to say its size first.', {
    hint: 'Send the header Content-Length.',
  });
}
