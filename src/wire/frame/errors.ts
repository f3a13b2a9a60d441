// Converts errors for the wire and back. Stacks and the messages of unexpected errors are never sent.

import { type ErrorCode, SyncError } from '../../core/errors.js';
import { adviceText, parseAdvice } from './advice-text.js';
import type { Failure } from './json-rpc.js';

const UNPARSABLE = -32700;
const INVALID = -32600;
const UNKNOWN_METHOD = -32601;
const BAD_PARAMS = -32602;
const REFUSED = -32000;

/** JSON-RPC's number for each code; it is complete, so it is also the list of all codes. */
const NUMBERS: Readonly<Record<ErrorCode, number>> = {
  failed: REFUSED,
  usage: REFUSED,
  locked: REFUSED,
  'not-found': REFUSED,
  exists: REFUSED,
  unreachable: REFUSED,
  'not-allowed': REFUSED,
  halted: REFUSED,
  interrupted: REFUSED,
  'bad-path': BAD_PARAMS,
  'bad-message': INVALID,
  'bad-params': BAD_PARAMS,
  'unknown-method': UNKNOWN_METHOD,
  'too-large': INVALID,
  busy: REFUSED,
  timeout: REFUSED,
  closed: REFUSED,
};

/** The codes for numbers, for answers without a code. */
const WORDS = new Map<number, ErrorCode>([
  [UNPARSABLE, 'bad-message'],
  [INVALID, 'bad-message'],
  [UNKNOWN_METHOD, 'unknown-method'],
  [BAD_PARAMS, 'bad-params'],
]);

/**
 * @param error anything that was thrown.
 * @returns what is sent about it: the code, message and facts of a SyncError; a general message for any other error.
 */
export function toFailure(error: unknown): Failure['error'] {
  const known = error instanceof SyncError ? error : unexpected();
  const { code, message, advice, facts } = known;
  const number = facts.unparsable === true ? UNPARSABLE : NUMBERS[code];
  return {
    code: number,
    message,
    data: { ...facts, code, hint: hintText(known), ...(advice.length > 0 ? { advice } : {}) },
  };
}

/** @returns the error that was given to {@link toFailure}; an unknown code becomes `failed`. */
export function fromFailure({ code: number, message, data }: Failure['error']): SyncError {
  const { code, hint, advice, ...facts } = data;
  const word = isErrorCode(code) ? code : (WORDS.get(number) ?? 'failed');
  return new SyncError(word, message, {
    hint: typeof hint === 'string' ? hint : '',
    advice: parseAdvice(advice),
    facts,
  });
}

/** @returns the hint of `error` as the sentence that every client can show. */
export const hintText = ({ hint, advice }: SyncError): string => hint || adviceText(advice);

/** The advice of a connection that knows nothing of what it was used for. */
export const CONNECT_AGAIN = 'Connect again.';

/** @returns the error for a connection to `remote` that has ended, because of `cause` where it is given. */
export function closedError(remote: string, cause: Error | null): SyncError {
  const why = cause === null ? '' : ` ${cause.message}`;
  return new SyncError('closed', `The connection to ${remote} has ended.${why}`, {
    hint: CONNECT_AGAIN,
    cause: cause ?? undefined,
  });
}

const isErrorCode = (code: unknown): code is ErrorCode => typeof code === 'string' && Object.hasOwn(NUMBERS, code);

const unexpected = (): SyncError =>
  new SyncError('failed', 'The server failed while it handled the request.', { hint: 'See its log.' });
