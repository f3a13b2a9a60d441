// Versions on their way from server-b to server-a: the list of one file's versions.
import * as v from 'valibot';
import { isReason, type Reason } from '../../core/change.js';
import type { FileEntry, LinkEntry } from '../../core/entry.js';
import type { RelPath } from '../../core/path.js';
import { whole } from '../rpc/fields.js';
import { checked } from '../rpc/params.js';
import { type Batch, bad, encodeList, fail, object, parseList, relPath, wholeNumber } from './list.js';
import { entryOf } from './messages.js';

/** The fields are those of `Version` in `replica`. */
interface PeerVersion {
  readonly name: RelPath;
  readonly size: number;
  readonly mtime: number;
  readonly replaced: number;
  readonly reason: Reason | null;
}

/** A version of any file: of which one it is stands beside it. */
interface PeerRecentVersion extends PeerVersion {
  readonly of: RelPath;
}

export const encodeVersions = (versions: Iterable<PeerVersion>): Generator<Batch> => encodeList(versions);

/** @throws SyncError `bad-message`. */
export const parseVersions = (payload: Buffer | null): PeerVersion[] => parseList(payload, versionOf);

/** @throws SyncError `bad-message`. */
export const parseRecentVersions = (payload: Buffer | null): PeerRecentVersion[] =>
  parseList(payload, (value) => ({ ...versionOf(value), of: relPath(object(value, 'a version').of) }));

const usage = { files: whole(0, Number.MAX_SAFE_INTEGER), bytes: whole(0, Number.MAX_SAFE_INTEGER) };
const used = v.object(usage);
const pruned = v.object({ ...usage, before: whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER) });

/**
 * @param result the answer to `version-usage`.
 * @throws SyncError `bad-message`.
 */
export const parseUsage = (result: unknown): { files: number; bytes: number } =>
  checked(used, result, (why) => bad(`the size of versions, ${why}`));

/**
 * @param result the answer to `prune-versions`.
 * @throws SyncError `bad-message`.
 */
export const parsePruned = (result: unknown): { files: number; bytes: number; before: number } =>
  checked(pruned, result, (why) => bad(`what was pruned, ${why}`));

/**
 * @param result the answer to `look-version`.
 * @throws SyncError `bad-message`.
 */
export function parseReadVersion(result: unknown): FileEntry | LinkEntry {
  const entry = entryOf(object(result, 'a version').entry);
  return entry.type === 'dir' ? fail('a version is a directory') : entry;
}

/** A reason that this version does not know becomes null. */
function versionOf(value: unknown): PeerVersion {
  const { name, size, mtime, replaced, reason } = object(value, 'a version');
  return {
    name: relPath(name),
    size: wholeNumber(size, 'a size', 0),
    mtime: wholeNumber(mtime, 'a time', Number.MIN_SAFE_INTEGER),
    replaced: momentOf(replaced),
    reason: isReason(reason) ? reason : null,
  };
}

const momentOf = (value: unknown): number =>
  typeof value === 'number' && Math.abs(value) <= 8.64e15 ? value : fail('a time is out of range');
