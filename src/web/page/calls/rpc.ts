// Calls the methods of the server. A refusal is a SyncError with the words of the server; a server that does not answer, or
// does not know the caller any more, is one with the code `unreachable` or `not-allowed`.
import type { Advice } from '../../../core/advice.js';
import { type ErrorCode, SyncError } from '../../../core/errors.js';
import type { ClientMethods } from '../../../wire/client-api/methods.js';

/** The server knows who acts, so nobody says it. */
type Params<M extends keyof ClientMethods> = Omit<ClientMethods[M]['params'], 'owner'>;
type Result<M extends keyof ClientMethods> = ClientMethods[M]['result'];

interface ErrorReply {
  readonly message: string;
  readonly data?: { readonly code?: ErrorCode; readonly hint?: string; readonly advice?: Advice };
}

/** A long answer is read for so many milliseconds at a time, so that the page goes on being drawn. */
const DRAW_MS = 12;

let lastId = 0;

/** @throws SyncError, also where the server does not answer (`unreachable`) or `signal` is aborted (`interrupted`). */
export async function call<M extends keyof ClientMethods>(
  method: M,
  params: Params<M>,
  signal?: AbortSignal,
): Promise<Result<M>> {
  const answer = await post(method, params, signal);
  const { result, error } = (await answer.json()) as { result?: Result<M>; error?: ErrorReply };
  if (error !== undefined) throw refusalOf(error);
  return result as Result<M>;
}

type ListMessage = {
  readonly params?: { readonly entries?: unknown[] };
  readonly result?: Result<'list'>;
  readonly error?: ErrorReply;
};

/**
 * Reads the list as it comes.
 * @param asked the answer, or its beginning.
 * @param take is given some packed rows at a time.
 */
export async function readList(asked: Promise<Response>, take: (rows: readonly unknown[]) => void): Promise<void> {
  const { body } = await answered(asked);
  let isWhole = false;
  let since = performance.now();
  for await (const line of linesOf(body!)) {
    const { params, result, error } = JSON.parse(line) as ListMessage;
    if (error !== undefined) throw refusalOf(error);
    if (performance.now() - since > DRAW_MS) {
      await new Promise((resolve) => setTimeout(resolve)); // what is known so far is drawn
      since = performance.now();
    }
    take(params?.entries ?? result?.entries ?? []);
    isWhole ||= result !== undefined;
  }
  if (!isWhole) throw unreachable();
}

function post(method: string, params: object, signal?: AbortSignal): Promise<Response> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: ++lastId, method, params });
  const headers = { 'content-type': 'application/json' };
  return answered(fetch('/rpc', { method: 'POST', headers, body, ...(signal && { signal }) }), signal);
}

/** @throws SyncError where there is no answer, or none for who asks. */
async function answered(asked: Promise<Response>, signal?: AbortSignal): Promise<Response> {
  try {
    const answer = await asked;
    if (answer.status === 401) throw new SyncError('not-allowed', 'The server does not know this page any more.');
    return answer;
  } catch (error) {
    if (error instanceof SyncError) throw error;
    if (signal?.aborted) throw new SyncError('interrupted', 'It was given up.', { cause: error });
    throw unreachable(error);
  }
}

const unreachable = (cause?: unknown): SyncError =>
  new SyncError('unreachable', 'The server does not answer.', {
    hint: 'Nothing was changed. Try again when it is back.',
    cause,
  });

/** @returns the refusal in an error of the server. */
export function refusalOf({ message, data = {} }: ErrorReply): SyncError {
  const { code = 'failed', hint = '', advice = [], ...facts } = data;
  return new SyncError(code, message, { hint, advice, facts });
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
    rest = lines.pop()!;
    yield* lines.filter((line) => line !== '');
  }
  if (rest !== '') yield rest;
}
