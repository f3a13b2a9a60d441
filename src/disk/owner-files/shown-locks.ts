// Puts owner files beside documents that somebody on the other side has locked, so that programs here say who has them.
// Invariants: an owner file is recorded before it is written; none is written over a program's own, and none that is not
// Lockstep's is removed. What a killed server left is removed at the next start, and what cannot be removed stays recorded.
import fs from 'node:fs';
import { type OutwardOwnerFile, outwardOwnerFiles } from '../../core/owner-files/outward.js';
import { joinPath, nameOf, parentOf, pathFault, type RelPath } from '../../core/path.js';
import { reasonOf } from '../../core/system-error.js';
import type { Logger } from '../../log.js';
import type { ShownLock } from '../../replica.js';
import { Parents, type Root } from '../fs/parents.js';
import { replaceFile } from '../fs/whole-file.js';
import { contentOf, removeOurs } from './own-files.js';

/** Never over another file, and through no link. */
const NEW_FILE = 'wx';
/** Everybody who can read the directory may know who has a document. */
const MODE = 0o644;

/** What the owner files need. */
interface ShownLocksOptions {
  readonly root: Root;
  /** The file in which their paths are recorded. */
  readonly record: string;
  /** False: only what an earlier run left is removed. */
  readonly isOn: boolean;
  readonly log: Logger;
}

/** The owner files that Lockstep keeps in one root. */
export class ShownLocks {
  readonly #options: ShownLocksOptions;
  /** The locks to show, by document. */
  readonly #wanted = new Map<RelPath, ShownLock>();
  /** Document → the owner file beside it. */
  readonly #shown = new Map<RelPath, RelPath>();
  /** Owner files that are not to be there, and may be. */
  readonly #left: Set<RelPath>;
  #recorded: string;

  constructor(options: ShownLocksOptions) {
    this.#options = options;
    this.#recorded = readRecord(options.record);
    this.#left = new Set(pathsIn(this.#recorded));
    this.#within((parents) => {
      this.#sweep(parents);
      this.#record();
    });
  }

  /**
   * Shows locks, or ends showing them.
   * @param anew whether these are all locks to show.
   */
  show(locks: readonly ShownLock[], anew: boolean): void {
    if (!this.#options.isOn) return;
    const named = new Set(locks.map(({ path }) => path));
    const former = anew ? [...this.#wanted.keys()].filter((path) => !named.has(path)) : [];
    for (const path of former) this.#wanted.delete(path);
    for (const lock of locks) {
      if (lock.holder === null) this.#wanted.delete(lock.path);
      else this.#wanted.set(lock.path, lock);
    }
    this.#update([...former, ...named]);
  }

  /** Something was written at `paths`: shows there what could not be shown before, and nothing beside what is gone. */
  changed(paths: Iterable<RelPath>): void {
    if (this.#wanted.size === 0) return;
    const documents = [...paths].filter((path) => this.#wanted.has(path));
    if (documents.length > 0) this.#update(documents);
  }

  /** A program has closed a document: its owner file may have been in the way, or in the place of ours. */
  retry(): void {
    this.changed([...this.#wanted.keys()]);
  }

  /** Lockstep's owner files are at `paths`: a directory with one was copied or renamed where none is to be. */
  found(paths: readonly RelPath[]): void {
    const shown = new Set(this.#shown.values());
    const strays = paths.filter((path) => !shown.has(path));
    if (strays.length > 0) this.#within((parents) => strays.forEach((path) => void removeOurs(path, parents)));
  }

  /** Removes all owner files. */
  clear(): void {
    this.#wanted.clear();
    this.#update([...this.#shown.keys()]);
  }

  /** Makes the owner files of `documents` what they are to be. */
  #update(documents: readonly RelPath[]): void {
    this.#within((parents) => {
      this.#sweep(parents);
      const missing: Wanted[] = [];
      for (const document of documents) {
        parents.trim();
        const wanted = this.#ownerFileFor(document, parents);
        if (this.#isShown(document, wanted, parents)) continue;
        this.#remove(document, parents);
        if (wanted !== null) missing.push(wanted);
      }
      if (missing.length > 0 && !this.#record(missing.map(({ path }) => path))) return;
      for (const wanted of missing) {
        parents.trim();
        if (!write(wanted, parents)) continue;
        this.#shown.set(wanted.document, wanted.path);
        this.#left.delete(wanted.path);
      }
      this.#record();
    });
  }

  #sweep(parents: Parents): void {
    for (const path of this.#left) if (removeOurs(path, parents)) this.#left.delete(path);
  }

  /** What is to be put beside `document`; null where nothing is: it is not shown, or not there. */
  #ownerFileFor(document: RelPath, parents: Parents): Wanted | null {
    const holder = this.#wanted.get(document)?.holder ?? null;
    if (holder === null || !isThere(document, parents)) return null;
    const [file] = outwardOwnerFiles(nameOf(document), { ...holder, since: new Date(holder.since) });
    if (file === undefined) return null;
    const path = joinPath(parentOf(document), file.name);
    return pathFault(path) === null ? { document, path, file } : null;
  }

  #isShown(document: RelPath, wanted: Wanted | null, parents: Parents): boolean {
    if (wanted === null || this.#shown.get(document) !== wanted.path) return false;
    try {
      return contentOf(parents.at(parentOf(wanted.path), nameOf(wanted.path))).equals(bytesOf(wanted.file));
    } catch {
      return false;
    }
  }

  #remove(document: RelPath, parents: Parents): void {
    const path = this.#shown.get(document);
    if (path === undefined) return;
    this.#shown.delete(document);
    if (!removeOurs(path, parents)) this.#left.add(path);
  }

  /** @returns whether what is there and `more` are recorded, and nothing else. */
  #record(more: readonly RelPath[] = []): boolean {
    const paths = new Set([...this.#left, ...this.#shown.values(), ...more]);
    const text = [...paths].map((path) => `${JSON.stringify(path)}\n`).join('');
    if (text === this.#recorded) return true;
    try {
      replaceFile(this.#options.record, text);
      this.#recorded = text;
      return true;
    } catch (error) {
      this.#options.log.warn(`Programs cannot be told who has locked a document: ${reasonOf(error)}.`);
      return false;
    }
  }

  #within(act: (parents: Parents) => void): void {
    let parents: Parents;
    try {
      parents = new Parents(this.#options.root);
    } catch {
      return; // the root is gone; scans report that
    }
    try {
      act(parents);
    } finally {
      parents.close();
    }
  }
}

/** An owner file to be put beside a document. */
interface Wanted {
  readonly document: RelPath;
  readonly path: RelPath;
  readonly file: OutwardOwnerFile;
}

function readRecord(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return ''; // there is none
  }
}

/** @returns the paths in a record; what a damaged one has besides is left out. */
function pathsIn(record: string): RelPath[] {
  return record.split('\n').flatMap((line) => {
    try {
      const path: unknown = JSON.parse(line);
      return typeof path === 'string' && pathFault(path) === null ? [path as RelPath] : [];
    } catch {
      return [];
    }
  });
}

const bytesOf = ({ content }: OutwardOwnerFile): Buffer =>
  content instanceof Uint8Array ? Buffer.from(content) : Buffer.from(content.link);

function isThere(path: RelPath, parents: Parents): boolean {
  try {
    return fs.lstatSync(parents.at(parentOf(path), nameOf(path))).isFile();
  } catch {
    return false;
  }
}

/** @returns whether it is written: not where a program's own is in the way, or the directory cannot be written. */
function write({ path, file }: Wanted, parents: Parents): boolean {
  // One of ours can have come with a directory that was renamed.
  removeOurs(path, parents);
  try {
    const absolute = parents.at(parentOf(path), nameOf(path));
    if (!(file.content instanceof Uint8Array)) fs.symlinkSync(file.content.link, absolute);
    else fs.writeFileSync(absolute, file.content, { flag: NEW_FILE, mode: MODE });
    return true;
  } catch {
    return false;
  }
}
