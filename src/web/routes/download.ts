// GET and HEAD /files/PATH: a content with its hash as the ETag, whole or a part of it.
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { receiveContent } from '../../client/transfers.js';
import { SyncError } from '../../core/errors.js';
import { nameOf, type RelPath, type Side } from '../../core/path.js';
import type { ClientMethods, DownloadedFile } from '../../wire/client-api/methods.js';
import type { RpcClient } from '../../wire/rpc/caller.js';
import { HttpError } from '../answer.js';
import { filePath } from '../file-path.js';
import { type Range, rangeOf } from '../range.js';
import type { SignedIn } from '../visit.js';
import { write } from '../writing.js';

/** What a browser may show, by the end of the name; everything else is only saved. */
const SHOWN: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  bmp: 'image/bmp',
  svg: 'image/svg+xml',
};
const TEXT = 'text/plain; charset=utf-8';

type Wanted = Omit<ClientMethods['download']['params'], 'from' | 'hash'>;

/** Ends the receiving of a content whose beginning, or its announcement, was enough. */
class Enough extends Error {}

export async function downloadFile({ req, res, path, query, connect }: SignedIn): Promise<void> {
  const file = filePath(path);
  const client = connect();
  const wanted = wantedOf(file, query);
  const found = await announced(client, wanted);
  const headers = headersOf(file, found, query.get('inline') === '1');
  if (isKnown(req.headers['if-none-match'], found.hash)) return void res.writeHead(304, headers).end();
  const range = req.method === 'GET' ? rangeFor(req.headers, found) : null;
  if (range === 'none') throw noSuchRange(found.size);
  const { from, to } = range ?? { from: 0, to: found.size - 1 };
  const length = { 'Content-Length': to - from + 1 };
  if (req.method === 'HEAD') return void res.writeHead(200, { ...headers, ...length }).end();
  const part = range === null ? {} : { 'Content-Range': `bytes ${from}-${to}/${found.size}` };
  await send(client, wanted, found, { from, to }, res, () =>
    res.writeHead(range === null ? 200 : 206, { ...headers, ...length, ...part }),
  );
}

/** The present content, that of one side, or an earlier version. @throws HttpError 400. */
function wantedOf(path: RelPath, query: URLSearchParams): Wanted {
  const [at, side, where] = ['at', 'side', 'where'].map((name) => query.get(name));
  if (at != null && !/^[1-9]\d{0,8}$/.test(at))
    throw new HttpError(400, 'bad-params', 'at takes the number of a version.');
  return {
    target: { path },
    ...(at == null ? {} : { at: Number(at) }),
    ...(side == null ? {} : { side: side as Side }),
    ...(where == null ? {} : { where }),
  };
}

/** @returns what the server says of the file before its content. */
async function announced(client: RpcClient, wanted: Wanted): Promise<DownloadedFile> {
  let found: DownloadedFile | null = null;
  const over = new AbortController();
  const sink = {
    file: (file: DownloadedFile) => {
      found = file;
      over.abort();
    },
    piece: () => {},
  };
  try {
    await receiveContent(client, wanted, sink, over.signal);
  } catch (error) {
    if (found === null) throw error instanceof SyncError && error.facts.link !== undefined ? noContent(error) : error;
  }
  return found!;
}

/** A link is there, but not as a file. */
const noContent = ({ code, message, hint }: SyncError): HttpError => new HttpError(409, code, message, { hint });

/** Sends the bytes of `range`. The file may have changed since it was announced: then nothing, or too little, is sent. */
async function send(
  client: RpcClient,
  wanted: Wanted,
  { hash, size }: DownloadedFile,
  { from, to }: Range,
  res: ServerResponse,
  begin: () => void,
): Promise<void> {
  let left = to - from + 1;
  const sink = {
    file: (file: DownloadedFile) => {
      if (file.hash !== hash || file.from !== from) throw changed();
      begin();
    },
    piece: (data: Buffer) => {
      const part = data.subarray(0, left);
      left -= part.length;
      // The buffer is used again once this resolves.
      const written = part.length === 0 ? undefined : write(res, Buffer.from(part));
      if (left === 0 && to + 1 < size) throw new Enough();
      return written;
    },
  };
  try {
    await receiveContent(client, { ...wanted, from, hash }, sink);
  } catch (error) {
    if (!(error instanceof Enough)) throw error;
  }
  res.end();
}

function headersOf(path: RelPath, { hash, mtime }: DownloadedFile, isInline: boolean): Record<string, string> {
  const shown = isInline ? shownType(path) : null;
  const name = encodeURIComponent(nameOf(path)).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
  return {
    ETag: `"${hash}"`,
    'Last-Modified': new Date(mtime).toUTCString(),
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'private, no-cache',
    'Content-Type': shown ?? 'application/octet-stream',
    'Content-Disposition': `${shown === null ? 'attachment' : 'inline'}; filename*=UTF-8''${name}`,
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'",
  };
}

function shownType(path: RelPath): string {
  const ending = /\.([^.]+)$/.exec(path)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(SHOWN, ending) ? SHOWN[ending]! : TEXT;
}

const isKnown = (header: string | undefined, hash: string): boolean =>
  header !== undefined && (header.trim() === '*' || header.split(',').some((tag) => bareTag(tag) === hash));

const bareTag = (tag: string): string => tag.trim().replace(/^(?:W\/)?"(.*)"$/, '$1');

/** A range of another version than the present one is not sent: the whole is. */
function rangeFor(headers: IncomingHttpHeaders, { hash, size }: DownloadedFile): Range | 'none' | null {
  const condition = headers['if-range'];
  if (condition !== undefined && String(condition).trim() !== `"${hash}"`) return null;
  return rangeOf(headers.range, size);
}

const noSuchRange = (size: number): HttpError =>
  new HttpError(416, 'bad-params', `The file has ${size} bytes, and none in that range.`, {
    headers: { 'Content-Range': `bytes */${size}` },
  });

const changed = (): SyncError => new SyncError('busy', 'The file has just changed.', { hint: 'Try again.' });
