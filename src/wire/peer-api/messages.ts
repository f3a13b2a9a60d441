// The messages between server-a and server-b, except params: contents, changes and their outcomes. Every value is built
// from checked fields; parsed objects are never passed on.
import { type Action, type Change, isReason, type Outcome } from '../../core/change.js';
import { isBasisSize } from '../../core/delta.js';
import { type Entry, type FileEntry, HASH_PATTERN } from '../../core/entry.js';
import type { ProblemCode } from '../../core/errors.js';
import type { Introduction, RootDescription } from '../../core/partner.js';
import type { RelPath } from '../../core/path.js';
import type { Applied, Content, JoinedContents } from '../../replica.js';
import { releaseOf } from '../frame/payload-pool.js';
import { type Batch, encodeList, fail, object, parseList, relPath, shortText, wholeNumber } from './list.js';

/** All methods of server-b with their params and results. Lists are sent in any number of payloads, see `list`. */
export interface PeerMethods {
  /**
   * `lane`: whether this is a further connection of the same server-a, for contents. `clients`: whether server-a answers
   * clients of server-b, of which it is told by notifications `client`, see `passed-client`; earlier versions do not. With
   * the number `client` of one, a lane carries what that client sends and is answered from then on. `name`: what texts call
   * the sender's side; absent where nobody has named it.
   */
  hello: {
    params: {
      protocol: number;
      role: 'peer' | 'client';
      root: string;
      lane: boolean;
      clients: boolean;
      client?: number;
      name?: string;
    };
    /** `above`: the ids of the roots that contain this one. The rest: see `hello`; earlier versions do not send it. */
    result: {
      protocol: number;
      server: 'b';
      version: string;
      /** By its clock, milliseconds since 1970; earlier versions do not tell it, here and in the answer to `ping`. */
      time?: number;
      root: string;
      above: readonly string[];
      /** Whether it takes `contents` and `events`; earlier versions do not. */
      joined?: true;
      name?: string;
    } & Partial<Introduction>;
  };
  /** Stores on server-b's disk that everything up to `epoch` is recorded as shared with the described root. */
  acknowledge: { params: { epoch: number } & RootDescription; result: { epoch: number } };
  /**
   * Scans. The payload, if any, is a list of paths to scan in any case. Notifications and result: see `scan-report`.
   * `moving`: whether the caller accepts the list of that name; earlier versions do not know it. `known`: the digest of the
   * tree that the caller expects. A first scan then has `same: true` instead of entries where the tree is that one, and the
   * list `directories` with their digests where it is not.
   */
  look: { params: { scope: 'hinted' | 'everything'; moving: boolean; known?: string }; result: object };
  /** The payload is a list of directories from `directories`; the lists `entries` come back: what was directly in them. */
  entries: { params: object; result: object };
  /** How fast contents may be sent to the caller, in bytes a second; null for no limit. Server-b notifies it, too. */
  limit: { params: { bytesPerSecond: number | null }; result: object };
  'accept-deletes': { params: object; result: object };
  /** The payload is a list of paths, as for `look`; without it, `on` is false and all guarded paths are released. */
  guard: { params: { on: boolean }; result: object };
  /**
   * The payload is a list of locks of side a to be shown by programs, see `open-documents`; `anew`: these are all. What is
   * open on side b comes as notifications `opened`, at first and after each change, and every minute.
   */
  'show-locks': { params: { anew: boolean }; result: object };
  /** The payload is one change. The result is what is there of its content; `{}` for nothing. */
  offer: { params: object; result: { have: number; base: number | null } | object };
  /**
   * The payload is one change whose basis file is meant; the caller then sends `ranges`. The payload of the answer, if
   * any, has the sums, see `delta`.
   */
  sums: { params: { blockBytes: number }; result: object };
  /**
   * The caller sends `wanted`, a list of `count` items in all; the pieces come back as `content`, `copy`, `have` and
   * `failed`. With `joined` small contents may come as `contents`, several in one payload, with `sizes`. A `sums` that comes back requests the sums of the n-th basis file; the caller answers it with a `sums`.
   */
  read: { params: { count: number; joined: boolean }; result: object };
  /**
   * The caller sends `changes`, a list of `count` items in all, then pieces and finally `end`; the lists `outcomes`
   * come back. The pieces may be joined where server-b says so in `hello`.
   */
  apply: { params: { count: number }; result: object };
  ping: { params: object; result: object };
  /** The payload is a list of events for the log; a notification. Each by itself is a notification `event`. */
  events: { params: object; result: object };
  /** The stored versions of the file at `path`: the lists `versions` come back, the newest first. See `versions`. */
  versions: { params: { path: RelPath }; result: object };
  /** What is kept of all files since `since` (milliseconds since 1970): back come `versions`, lists, newest first. */
  'recent-versions': { params: { since: number }; result: object };
  /** How much all versions take. */
  'version-usage': { params: object; result: { files: number; bytes: number } };
  /** Removes versions older than `olderMs` milliseconds, or up to `before`, or only counts them. See `PrunedVersions`. */
  'prune-versions': {
    params: { olderMs: number; dryRun: boolean; before?: number };
    result: { files: number; bytes: number; before: number };
  };
  /** The present entry of the version `name`. */
  'look-version': { params: { name: RelPath }; result: { entry: object } };
  /** The payload is one wanted file whose path is the version's name; `content` and `failed` come back. */
  'read-version': { params: object; result: object };
}

/** A file whose content is asked for, as it is sent: of what is offered of it, only the size and the hash of the base. */
export interface WantedFields {
  readonly path: RelPath;
  readonly file: FileEntry;
  /** The bytes that the caller has from the beginning, and its basis file. */
  readonly have?: number;
  readonly base?: { readonly size: number; readonly hash: string };
}

type PieceMethod = 'content' | 'contents' | 'copy' | 'have' | 'failed';

const HASH = new RegExp(`^${HASH_PATTERN}$`);
const MAX_TARGET_CHARS = 4095;
/** The most contents in one message. */
const MAX_JOINED = 1_000;
const MAX_MESSAGE_CHARS = 4096;

const ACTIONS: Readonly<Record<Action, true>> = {
  created: true,
  modified: true,
  deleted: true,
  renamed: true,
  metadata: true,
};

const PROBLEMS: Readonly<Record<ProblemCode, true>> = {
  'no-space': true,
  'no-permission': true,
  'read-only': true,
  unreadable: true,
  'bad-name': true,
  'bad-link': true,
  'unsupported-type': true,
  'not-empty': true,
  'busy-file': true,
  'watch-limit': true,
  'state-damaged': true,
  'stale-owner-file': true,
  'ambiguous-owner-file': true,
  'bad-rule': true,
  'io-error': true,
};

export const encodePaths = (paths: Iterable<RelPath>): Generator<Batch> => encodeList(paths);
export const encodeWanted = (wanted: Iterable<WantedFields>): Generator<Batch> => encodeList(wanted);
export const encodeChanges = (changes: Iterable<Change>): Generator<Batch> => encodeList(asSent(changes));
export const encodeApplied = (applied: Iterable<Applied>): Generator<Batch> => encodeList(applied);

/** @throws SyncError `bad-message`, like all parse functions here. */
export const parsePaths = (payload: Buffer | null): RelPath[] => parseList(payload, relPath);
export const parseWanted = (payload: Buffer | null): WantedFields[] => parseList(payload, wantedOf);
export const parseChanges = (payload: Buffer | null): Change[] => parseList(payload, changeOf);
export const parseApplied = (payload: Buffer | null): Applied[] => parseList(payload, appliedOf);

/** @returns the notification for one piece, without the call's id. */
export function encodeContent(content: Content | JoinedContents): {
  method: PieceMethod;
  params: object;
  payload?: Buffer;
} {
  const { n } = content;
  if ('joined' in content) return { method: 'contents', params: { n, sizes: content.sizes }, payload: content.joined };
  if ('failed' in content) return { method: 'failed', params: { n, failed: content.failed } };
  const { last } = content;
  if ('copy' in content) return { method: 'copy', params: { n, ...content.copy, last } };
  if ('have' in content) return { method: 'have', params: { n, bytes: content.have, last } };
  return { method: 'content', params: { n, last }, payload: content.data };
}

/**
 * @param method the name of the notification.
 * @throws SyncError `bad-message`.
 */
export function parseContent(method: string, params: unknown, payload: Buffer | null): Content {
  const piece = parseContents(method, params, payload);
  return 'joined' in piece ? fail('contents are joined that were not to be') : piece;
}

/** As `parseContent`, where contents may be joined. */
export function parseContents(method: string, params: unknown, payload: Buffer | null): Content | JoinedContents {
  const fields = object(params, 'a piece of content');
  const n = wholeNumber(fields.n, 'the number of a content', 0);
  if (method === 'contents') return joinedOf(n, fields.sizes, payload);
  if (method === 'failed') {
    const failed = outcomeOf(fields.failed);
    return failed.kind === 'done' || failed.kind === 'kept'
      ? fail('the outcome of a failed content is not a failure')
      : { n, failed };
  }
  const { last } = fields;
  if (typeof last !== 'boolean') return fail('a piece of content is not valid');
  if (method === 'content' && payload !== null) {
    const release = releaseOf(payload);
    return release === null ? { n, data: payload, last } : { n, data: payload, last, release };
  }
  if (method !== 'copy' && method !== 'have') return fail('a piece of content is not valid');
  const bytes = wholeNumber(fields.bytes, 'the length of a piece', 1);
  return method === 'have'
    ? { n, have: bytes, last }
    : { n, copy: { at: wholeNumber(fields.at, 'a place', 0), bytes }, last };
}

function joinedOf(n: number, sizes: unknown, joined: Buffer | null): JoinedContents {
  if (!Array.isArray(sizes) || sizes.length === 0 || sizes.length > MAX_JOINED || joined === null) {
    return fail('joined contents are not valid');
  }
  const checked = sizes.map((size) => wholeNumber(size, 'the size of a content', 0, joined.length));
  if (checked.reduce((sum, size) => sum + size, 0) !== joined.length) return fail('joined contents have other sizes');
  const release = releaseOf(joined);
  return { n, sizes: checked, joined, ...(release && { release }) };
}

/** @throws SyncError `bad-message`. */
export function entryOf(value: unknown): Entry {
  const { type, mode, mtime, size, hash, target } = object(value, 'an entry');
  if (type === 'dir') return { type, mode: modeOf(mode) };
  if (type === 'file')
    return { type, size: wholeNumber(size, 'a size', 0), mtime: timeOf(mtime), mode: modeOf(mode), hash: hashOf(hash) };
  if (type === 'symlink')
    return { type, target: shortText(target, "a link's target", MAX_TARGET_CHARS), mtime: timeOf(mtime) };
  return fail('the type of an entry is unknown');
}

/** @throws SyncError `bad-message`. */
export function problemCodeOf(value: unknown): ProblemCode {
  return typeof value === 'string' && Object.hasOwn(PROBLEMS, value)
    ? (value as ProblemCode)
    : fail('a problem is unknown');
}

/** @throws SyncError `bad-message`. */
export const messageOf = (value: unknown): string => shortText(value, 'a message', MAX_MESSAGE_CHARS);

const modeOf = (value: unknown): number => wholeNumber(value, 'a mode', 0, 0o777);
const timeOf = (value: unknown): number => wholeNumber(value, 'a time', Number.MIN_SAFE_INTEGER);
export const hashOf = (value: unknown): string =>
  typeof value === 'string' && HASH.test(value) ? value : fail('a hash is not valid');
const entryOrNull = (value: unknown): Entry | null => (value === null ? null : entryOf(value));

function wantedOf(value: unknown): WantedFields {
  const { path, file, have, base } = object(value, 'a wanted file');
  const entry = entryOf(file);
  if (entry.type !== 'file') return fail('a wanted entry is not a file');
  return {
    path: relPath(path),
    file: entry,
    ...(have === undefined ? {} : { have: wholeNumber(have, 'the length of a beginning', 0, entry.size) }),
    ...(base === undefined ? {} : { base: baseOf(base) }),
  };
}

function baseOf(value: unknown): { size: number; hash: string } {
  const { size, hash } = object(value, 'a base');
  return { size: baseSizeOf(size), hash: hashOf(hash) };
}

function baseSizeOf(value: unknown): number {
  const size = wholeNumber(value, 'the size of a base', 0);
  return isBasisSize(size) ? size : fail('the size of a base is out of range');
}

/** On the wire the path of a conflict copy is called `keepAs`. */
function* asSent(changes: Iterable<Change>): Generator<object> {
  for (const change of changes) {
    const { conflictCopy: keepAs, ...others } = change;
    yield keepAs === undefined ? change : { ...others, keepAs };
  }
}

function changeOf(value: unknown): Change {
  const fields = object(value, 'a change');
  const { action } = fields;
  if (typeof action !== 'string' || !Object.hasOwn(ACTIONS, action)) return fail('an action is unknown');
  const change = {
    path: relPath(fields.path),
    action: action as Action,
    before: entryOrNull(fields.before),
    after: entryOrNull(fields.after),
    ...(fields.from === undefined ? {} : { from: sourceOf(fields.from) }),
    ...(fields.keepAs === undefined ? {} : { conflictCopy: relPath(fields.keepAs) }),
    ...(isReason(fields.reason) ? { reason: fields.reason } : {}),
  };
  if ((action === 'deleted') !== (change.after === null))
    return fail('the action of a change does not match its result');
  if ((action === 'renamed') !== 'from' in change) return fail('the action of a change does not match its source');
  return change;
}

function sourceOf(value: unknown): NonNullable<Change['from']> {
  const { path, entry } = object(value, "a rename's source");
  return { path: relPath(path), entry: entryOf(entry) };
}

function appliedOf(value: unknown): Applied {
  const { n, outcome } = object(value, 'an outcome');
  return { n: wholeNumber(n, 'the number of a change', 0), outcome: outcomeOf(outcome) };
}

function outcomeOf(value: unknown): Outcome {
  const { kind, sent, code, message } = object(value, 'an outcome');
  if (kind === 'stale' || kind === 'kept') return { kind };
  if (kind === 'done') return { kind, sent: wholeNumber(sent, 'a number of bytes', 0) };
  if (kind === 'problem') return { kind, code: problemCodeOf(code), message: messageOf(message) };
  return fail('the kind of an outcome is unknown');
}
