// The files of the page: a closed list, read once at the start. What is not on it does not exist, whatever the address.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { HttpError } from './answer.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

interface Asset {
  readonly body: Buffer;
  /** The body as gzip; null where that is not shorter. */
  readonly short: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

export class Assets {
  /** By address. */
  readonly #files = new Map<string, Asset>();

  /** @param directory what the build has put together. */
  constructor(directory: string) {
    const contents = contentsOf(directory);
    for (const [name, body] of contents) {
      const short = contents.get(`${name}.gz`) ?? null;
      if (name === 'index.html') this.#files.set('/', { body, short, headers: headersOfPage(body) });
      else if (!name.endsWith('.gz'))
        this.#files.set(`/assets/${name}`, { body, short, headers: headersOf(name, body) });
    }
  }

  has(address: string): boolean {
    return this.#files.has(address);
  }

  /** @throws HttpError 405. */
  send(address: string, req: IncomingMessage, res: ServerResponse): void {
    if (req.method !== 'GET' && req.method !== 'HEAD')
      throw new HttpError(405, 'usage', 'This is a file of the page.', { headers: { Allow: 'GET, HEAD' } });
    const { body, short, headers } = this.#files.get(address)!;
    if (req.headers['if-none-match'] === headers.ETag) return void res.writeHead(304, headers).end();
    const sent = short !== null && takesGzip(req) ? short : body;
    const coding = sent === short ? { 'Content-Encoding': 'gzip' } : {};
    res.writeHead(200, { ...headers, ...coding, 'Content-Length': sent.length });
    res.end(req.method === 'HEAD' ? undefined : sent);
  }
}

/** @returns what is in all files below `directory`, by their paths. */
function contentsOf(directory: string): ReadonlyMap<string, Buffer> {
  const contents = new Map<string, Buffer>();
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    contents.set(path.relative(directory, file).replaceAll(path.sep, '/'), readFileSync(file));
  }
  return contents;
}

const takesGzip = ({ headers }: IncomingMessage): boolean =>
  /(?:^|,) *gzip *(?:;(?! *q=0(?:\.0*)? *(?:,|$))|,|$)/i.test(String(headers['accept-encoding'] ?? ''));

/** The address of every file but the page itself has the hash of all of them, so it never changes. */
const headersOf = (
  name: string,
  body: Buffer,
  keeping = 'public, max-age=31536000, immutable',
): Record<string, string> => ({
  'Content-Type': TYPES[path.extname(name)] ?? 'application/octet-stream',
  ETag: `"${createHash('sha256').update(body).digest('base64url')}"`,
  'Cache-Control': keeping,
  Vary: 'Accept-Encoding',
});

/** The page itself: nothing in it may run or load but its own files and the list of its modules. */
function headersOfPage(body: Buffer): Record<string, string> {
  const map = /<script type="importmap">(.*?)<\/script>/s.exec(body.toString())?.[1] ?? '';
  const hash = createHash('sha256').update(map).digest('base64');
  const policy = [
    "default-src 'none'",
    `script-src 'self' 'sha256-${hash}'`,
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return { ...headersOf('index.html', body, 'no-cache'), 'Content-Security-Policy': policy.join('; ') };
}
