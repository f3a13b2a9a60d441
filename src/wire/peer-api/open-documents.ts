// What is open on side b: server-b tells all of it, in one notification `opened` or several, the last one without `more`.
// And the locks of side a that programs on side b are to show.
import * as v from 'valibot';
import type { OpenDocument, OpenDocuments, ShownLock } from '../../replica.js';
import { MAX_NAME_CHARS, text } from '../rpc/fields.js';
import { checked } from '../rpc/params.js';
import { type Batch, bad, encodeList, fail, object, parseList, relPath, shortText, wholeNumber } from './list.js';

/** The most documents that one side may tell as open. */
const MAX_OPEN = 5_000;

const params = v.object({ account: text(1, MAX_NAME_CHARS), more: v.optional(v.boolean(), false) });

/** @returns the notifications that tell `open`; where nothing is open, one without a payload. */
export function encodeOpenDocuments({ account, documents }: OpenDocuments): { params: object; payload?: Buffer }[] {
  const parts = [...encodeList(documents.slice(0, MAX_OPEN))];
  if (parts.length === 0) return [{ params: { account, more: false } }];
  return parts.map(({ payload }, n) => ({ params: { account, more: n < parts.length - 1 }, payload }));
}

/** Puts the notifications together. */
export class OpenDocumentsReader {
  #documents: OpenDocument[] = [];

  /**
   * @returns what is open, with the last notification; null before.
   * @throws SyncError `bad-message`.
   */
  take(given: unknown, payload: Buffer | null): OpenDocuments | null {
    const { account, more } = checked(params, given, (why) => bad(`what is open, ${why}`));
    if (payload !== null) this.#documents.push(...parseList(payload, documentOf));
    if (this.#documents.length > MAX_OPEN) throw bad('too many documents are open');
    if (more) return null;
    const documents = this.#documents;
    this.#documents = [];
    return { account, documents };
  }
}

function documentOf(item: unknown): OpenDocument {
  const { path, app, owner, account } = object(item, 'a document');
  return {
    path: relPath(path),
    app: name(app, 'a program'),
    owner: name(owner, 'an owner'),
    account: account === null ? null : name(account, 'an account'),
  };
}

/** Nobody who has no name can hold a lock. */
const name = (value: unknown, what: string): string =>
  shortText(value, what, MAX_NAME_CHARS) || fail(`${what} has no name`);

/** @returns the payloads of `show-locks`; at least one. */
export function encodeShownLocks(locks: readonly ShownLock[]): readonly Batch[] {
  const batches = [...encodeList(locks)];
  return batches.length > 0 ? batches : [{ payload: Buffer.from('[]'), count: 0 }];
}

/** @throws SyncError `bad-message`. */
export const parseShownLocks = (payload: Buffer | null): ShownLock[] => parseList(payload, shownLockOf);

function shownLockOf(item: unknown): ShownLock {
  const { path, holder } = object(item, 'a lock');
  if (holder === null) return { path: relPath(path), holder };
  const { user, host, since } = object(holder, 'a holder');
  return {
    path: relPath(path),
    holder: {
      user: shortText(user, 'a user', MAX_NAME_CHARS),
      host: shortText(host, 'a host', MAX_NAME_CHARS),
      since: wholeNumber(since, 'a time', 0),
    },
  };
}
