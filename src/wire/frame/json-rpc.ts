// The messages of JSON-RPC 2.0 as types, with the one extension: a payload that follows the line.
import type { Advice } from '../../core/advice.js';
import type { ErrorCode } from '../../core/errors.js';

/** A message that expects an answer. */
export interface Request {
  readonly id: number | string;
  readonly method: string;
  readonly params: unknown;
}

/** A message without an answer. One that belongs to a request has the request's id in its params. */
export interface Notification {
  readonly method: string;
  readonly params: unknown;
}

interface Success {
  readonly id: number | string;
  readonly result: unknown;
}

/** A failed request. Programs act on `data.code`; the number is JSON-RPC's. */
export interface Failure {
  readonly id: number | string | null;
  readonly error: { readonly code: number; readonly message: string; readonly data: FailureData };
}

export interface FailureData {
  readonly code: ErrorCode;
  readonly hint: string;
  /** The hint with its steps as data, for clients that word them. */
  readonly advice?: Advice;
  readonly [fact: string]: unknown;
}

export type Message = Request | Notification | Success | Failure;

/** A message with its payload. */
export interface Frame {
  readonly message: Message;
  readonly payload: Buffer | null;
}
