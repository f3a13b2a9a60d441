// What is noted of each version besides its name: the path it stood at, the moment to the millisecond, the reason and
// the hash. The record may be damaged or deleted at any time: then the versions are there all the same, by their names.
import { isReason } from '../../core/change.js';
import type { RelPath } from '../../core/path.js';
import { type OpenStore, Store, type StoreAccess } from '../state/store.js';
import type { VersionRecord } from './versions.js';

/** The notes of one root's versions. */
export class VersionRecords {
  readonly #notes = new Map<RelPath, VersionRecord>();
  readonly #names = new Map<RelPath, Set<RelPath>>();
  readonly #store: StoreAccess;

  /** @param file the journal; what is sound in a damaged one is used. */
  constructor(file: string, open: OpenStore = Store.open) {
    const table = {
      load: (key: string, value: unknown) => this.#set(key as RelPath, noteOf(value)),
      all: () => this.#notes,
    };
    const consequence =
      'The versions themselves are all there; of some it may not be known when and why they were kept.';
    const { store } = open(file, { version: table }, { salvage: true, consequence });
    this.#store = store;
  }

  /** @returns what is noted of the version called `name` below versions/. */
  get(name: RelPath): VersionRecord | null {
    return this.#notes.get(name) ?? null;
  }

  /** @returns the names of the versions that are noted for the file at `path`. */
  namesOf(path: RelPath): readonly RelPath[] {
    return [...(this.#names.get(path) ?? [])];
  }

  all(): Iterable<RelPath> {
    return this.#notes.keys();
  }

  add(name: RelPath, note: VersionRecord): void {
    this.#set(name, note);
    this.#store.put('version', name, note);
  }

  remove(name: RelPath): void {
    if (!this.#notes.has(name)) return;
    this.#set(name, null);
    this.#store.put('version', name, null);
  }

  #set(name: RelPath, note: VersionRecord | null): void {
    const before = this.#notes.get(name);
    if (before !== undefined) {
      const names = this.#names.get(before.of);
      names?.delete(name);
      if (names?.size === 0) this.#names.delete(before.of);
    }
    if (note === null) {
      this.#notes.delete(name);
      return;
    }
    this.#notes.set(name, note);
    const names = this.#names.get(note.of);
    if (names === undefined) this.#names.set(note.of, new Set([name]));
    else names.add(name);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

/** A note of another version of the program may know reasons that this one does not: then it is no note. */
function noteOf(value: unknown): VersionRecord | null {
  const note = value as VersionRecord | null;
  return note !== null && typeof note.of === 'string' && isReason(note.reason) ? note : null;
}
