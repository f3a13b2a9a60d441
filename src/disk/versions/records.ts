// The records of versions: the path of the content, the time in milliseconds, the reason and the hash. They may be
// damaged or deleted at any time: the versions are still found by their names.
import { isReason } from '../../core/change.js';
import type { RelPath } from '../../core/path.js';
import { type OpenStore, Store, type StoreAccess } from '../state/store.js';
import type { VersionRecord } from './versions.js';

/** The records of the versions of one root. */
export class VersionRecords {
  readonly #records = new Map<RelPath, VersionRecord>();
  readonly #names = new Map<RelPath, Set<RelPath>>();
  readonly #store: StoreAccess;

  /** @param file the journal; the valid lines of a damaged one are used. */
  constructor(file: string, open: OpenStore = Store.open) {
    const table = {
      load: (key: string, value: unknown) => this.#set(key as RelPath, recordOf(value)),
      all: () => this.#records,
    };
    const consequence =
      'The versions themselves are all there; of some it may not be known when and why they were kept.';
    const { store } = open(file, { version: table }, { salvage: true, consequence });
    this.#store = store;
  }

  /** @returns the record of the version `name` (its path below versions/); null for none. */
  get(name: RelPath): VersionRecord | null {
    return this.#records.get(name) ?? null;
  }

  /** @returns the names of the recorded versions of the file at `path`. */
  namesOf(path: RelPath): readonly RelPath[] {
    return [...(this.#names.get(path) ?? [])];
  }

  all(): Iterable<RelPath> {
    return this.#records.keys();
  }

  /** The names of all recorded versions with their records. */
  entries(): Iterable<[RelPath, VersionRecord]> {
    return this.#records.entries();
  }

  add(name: RelPath, record: VersionRecord): void {
    this.#set(name, record);
    this.#store.put('version', name, record);
  }

  remove(name: RelPath): void {
    if (!this.#records.has(name)) return;
    this.#set(name, null);
    this.#store.put('version', name, null);
  }

  #set(name: RelPath, record: VersionRecord | null): void {
    const before = this.#records.get(name);
    if (before !== undefined) {
      const names = this.#names.get(before.of);
      names?.delete(name);
      if (names?.size === 0) this.#names.delete(before.of);
    }
    if (record === null) {
      this.#records.delete(name);
      return;
    }
    this.#records.set(name, record);
    const names = this.#names.get(record.of);
    if (names === undefined) this.#names.set(record.of, new Set([name]));
    else names.add(name);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

/**
 * By hand: a root can have a million versions, and a schema takes 0.7 microseconds a record, this check 0.05.
 * @returns null for an invalid record, also one with a reason that only a later version of the program knows.
 */
function recordOf(value: unknown): VersionRecord | null {
  const record = value as VersionRecord | null;
  return record !== null && typeof record.of === 'string' && isReason(record.reason) ? record : null;
}
