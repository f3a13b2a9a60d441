// What the page's server answers: the headers that keep other pages out, JSON, and errors in words with a fitting status.
import type { ServerResponse } from 'node:http';
import { type ErrorCode, SyncError } from '../core/errors.js';
import { toFailure } from '../wire/frame/errors.js';
import { DEFAULT_LIMITS } from '../wire/frame/limits.js';

/** The status for each refusal of the pair. */
const STATUS: Readonly<Record<ErrorCode, number>> = {
  failed: 500,
  usage: 400,
  locked: 423,
  'not-found': 404,
  exists: 409,
  unreachable: 503,
  'not-allowed': 403,
  halted: 503,
  interrupted: 503,
  'bad-path': 400,
  'bad-message': 400,
  'bad-params': 400,
  'unknown-method': 404,
  'too-large': 413,
  busy: 503,
  timeout: 408,
  closed: 503,
};

/** A refusal with its own status. */
export class HttpError extends SyncError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: ErrorCode,
    message: string,
    options: { readonly hint?: string; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(code, message, { hint: options.hint ?? '' });
    this.status = status;
    this.headers = options.headers ?? {};
  }
}

/** What every answer says: nothing of it is for other pages, and it is not kept without being asked for again. */
export const GUARDS: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'Cache-Control': 'no-store',
};

export function sendJson(
  res: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
  res.writeHead(status, { ...headers, 'Content-Type': 'application/json', 'Content-Length': bytes.length });
  res.end(bytes);
}

/**
 * Answers with an error; where an answer has begun, it is cut off, so that nobody takes it for whole.
 * @param worded puts the name of the client as it is typed into advice.
 */
export function sendError(res: ServerResponse, error: unknown, worded: (text: string) => string): void {
  if (res.headersSent || res.writableEnded) return void res.destroy();
  const { message, data } = toFailure(error);
  const status = error instanceof HttpError ? error.status : STATUS[data.code];
  const headers = {
    ...(status === 503 ? { 'Retry-After': '1' } : {}),
    ...(error instanceof HttpError ? error.headers : {}),
  };
  const body = { error: { ...data, message, hint: worded(data.hint) } };
  if (res.req.complete) sendJson(res, status, body, headers);
  else refuseRest(res, status, body, headers);
}

/** Who is still sending a body reads the answer only if he is listened to for a moment. */
function refuseRest(
  res: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>>,
): void {
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
  const form = { 'Content-Type': 'application/json', 'Content-Length': bytes.length, Connection: 'close' };
  res.writeHead(status, { ...headers, ...form });
  res.write(bytes);
  const late = setTimeout(() => res.end(), DEFAULT_LIMITS.closeMs);
  res.req.resume().once('close', () => {
    clearTimeout(late);
    res.end();
  });
}
