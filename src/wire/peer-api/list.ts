// Lists between the servers travel as JSON arrays in payloads, so that lines stay short and no list is too long: it goes
// in several batches. Parsing is strict and quick; every item is checked by a function that knows its type.
import { SyncError } from '../../core/errors.js';
import { MAX_NAME_BYTES, pathFault, type RelPath } from '../../core/path.js';
import { asObject, parseJson } from '../frame/json.js';
import { DEFAULT_LIMITS } from '../frame/limits.js';

const BATCH_BYTES = 256 * 1024;
/** An item is an object of objects; what is deeper is none of ours. */
const DEPTH = 6;

/** Part of a list as one payload, and how many items are in it. */
export interface Batch {
  readonly payload: Buffer;
  readonly count: number;
}

/**
 * @param items of one list, in order.
 * @returns batches of at most 256 KiB (a single item may be larger); none for an empty list.
 */
export function* encodeList(items: Iterable<unknown>): Generator<Batch> {
  let texts: string[] = [];
  let bytes = 2;
  for (const item of items) {
    const text = JSON.stringify(item);
    const more = Buffer.byteLength(text) + 1;
    if (texts.length > 0 && bytes + more > BATCH_BYTES) {
      yield batchOf(texts);
      texts = [];
      bytes = 2;
    }
    texts.push(text);
    bytes += more;
  }
  if (texts.length > 0) yield batchOf(texts);
}

const batchOf = (texts: string[]): Batch => ({ payload: Buffer.from(`[${texts.join(',')}]`), count: texts.length });

/**
 * @param payload one batch, at most 1 MiB; null where a message came without one.
 * @param parse takes one item, and throws `bad-message` where it is not what it should be.
 * @throws SyncError `bad-message`.
 */
export function parseList<T>(payload: Buffer | null, parse: (item: unknown) => T): T[] {
  if (payload === null) throw bad('a list is missing');
  if (payload.length > DEFAULT_LIMITS.payloadBytes) throw bad('a list is too long');
  const items = parseJson(payload, DEPTH);
  if (!Array.isArray(items)) throw bad('a list is no list');
  return items.map(parse);
}

/** @throws SyncError `bad-message` where `value` is no object. */
export function object(value: unknown, what: string): Record<string, unknown> {
  return asObject(value) ?? fail(`${what} is no object`);
}

/** Nothing in such a path can be at fault; most paths are such, and a look has very many. */
const PLAIN_PATH = /^(?:[\w-][\w. -]*\/)*[\w-][\w. -]*$/;

/** @throws SyncError `bad-message` where `value` is no path in the pair. */
export function relPath(value: unknown): RelPath {
  if (typeof value !== 'string') throw bad('a path is not text');
  if (value.length <= MAX_NAME_BYTES && PLAIN_PATH.test(value)) return value as RelPath;
  const fault = pathFault(value);
  if (fault !== null) throw bad(`a path cannot be used: ${fault}`);
  return value as RelPath;
}

/** @throws SyncError `bad-message` where `value` is no whole number from `least` to `most`. */
export function whole(value: unknown, what: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const number = value as number;
  return Number.isSafeInteger(value) && number >= least && number <= most ? number : fail(`${what} is out of range`);
}

/** @throws SyncError `bad-message` where `value` is not text of at most `most` characters. */
export function shortText(value: unknown, what: string, most: number): string {
  return typeof value === 'string' && value.length <= most && value.isWellFormed()
    ? value
    : fail(`${what} is not text of at most ${most} characters`);
}

/** @returns the error for a message of the other server that is not what it should be; what came in is not repeated. */
export const bad = (why: string): SyncError =>
  new SyncError('bad-message', `The other server sent what is not the protocol: ${why}.`, {
    hint: 'Install the same version of Lockstep on both machines.',
  });

/** {@link bad} where an expression is wanted. */
export function fail(why: string): never {
  throw bad(why);
}
