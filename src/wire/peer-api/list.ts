// Lists between the servers are sent as JSON arrays in payloads, so that lines stay short and a list of any length can
// be sent in batches. Parsing is strict; every item is checked by a function for its type, written by hand for speed: one
// entry of a scan takes 0.3 microseconds, with schemas it took 3.0, three times as much as its JSON.parse (200,000 files: 0.06
// and 0.6 s). What comes once a call has a schema.
import { SyncError } from '../../core/errors.js';
import { MAX_NAME_BYTES, pathFault, type RelPath } from '../../core/path.js';
import { asObject, parseJson } from '../frame/json.js';
import { DEFAULT_LIMITS } from '../frame/limits.js';

const BATCH_BYTES = 256 * 1024;
/** The maximum nesting of an item: an object of objects. */
const DEPTH = 6;

/** Part of a list as one payload, and the number of its items. */
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
 * @param payload one batch, at most 1 MiB; null where the message has none.
 * @param parse parses one item and throws `bad-message` where it is invalid.
 * @throws SyncError `bad-message`.
 */
export function parseList<T>(payload: Buffer | null, parse: (item: unknown) => T): T[] {
  if (payload === null) throw bad('a list is missing');
  if (payload.length > DEFAULT_LIMITS.payloadBytes) throw bad('a list is too long');
  const items = parseJson(payload, DEPTH);
  if (!Array.isArray(items)) throw bad('a list is not an array');
  return items.map(parse);
}

/** @throws SyncError `bad-message` where `value` is not an object. */
export function object(value: unknown, what: string): Record<string, unknown> {
  return asObject(value) ?? fail(`${what} is not an object`);
}

/** Paths that are valid without further checks. Most paths are, and a scan has very many. */
const PLAIN_PATH = /^(?:[\w-][\w. -]*\/)*[\w-][\w. -]*$/;

/** @throws SyncError `bad-message` where `value` is not a valid path. */
export function relPath(value: unknown): RelPath {
  if (typeof value !== 'string') throw bad('a path is not text');
  if (value.length <= MAX_NAME_BYTES && PLAIN_PATH.test(value)) return value as RelPath;
  const fault = pathFault(value);
  if (fault !== null) throw bad(`a path cannot be used: ${fault}`);
  return value as RelPath;
}

/** @throws SyncError `bad-message` where `value` is not a whole number from `least` to `most`. */
export function wholeNumber(value: unknown, what: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const number = value as number;
  return Number.isSafeInteger(value) && number >= least && number <= most ? number : fail(`${what} is out of range`);
}

/** @throws SyncError `bad-message` where `value` is not text of at most `most` characters. */
export function shortText(value: unknown, what: string, most: number): string {
  return typeof value === 'string' && value.length <= most && value.isWellFormed()
    ? value
    : fail(`${what} is not text of at most ${most} characters`);
}

/** @returns the error for an invalid message of the other server; the input is not quoted. */
export const bad = (why: string): SyncError =>
  new SyncError('bad-message', `The other server violates the protocol: ${why}.`, {
    hint: 'Install the same version of Lockstep on both machines.',
  });

/** Throws {@link bad}, for use in expressions. */
export function fail(why: string): never {
  throw bad(why);
}
