// Puts owner files beside documents that somebody on the other side has locked, so that programs here say who has them.
// Invariants: an owner file is recorded before it is written; none is written over a program's own, and none that is not
// Lockstep's is removed. What a killed server left is removed at the next start.
import fs from 'node:fs';
import { isOutwardNamed, type OutwardOwnerFile, outwardOwnerFiles } from '../../core/owner-files/outward.js';
import { MAX_OWNER_FILE_BYTES } from '../../core/owner-files/owner.js';
import { joinPath, nameOf, parentOf, pathFault, type RelPath } from '../../core/path.js';
import { reasonOf } from '../../core/system-error.js';
import type { Logger } from '../../log.js';
import type { ShownLock } from '../../replica.js';
import { Parents, type Root } from '../fs/parents.js';
import { replaceFile } from '../fs/whole-file.js';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
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
  #recorded: string;

  constructor(options: ShownLocksOptions) {
    this.#options = options;
    this.#recorded = readRecord(options.record);
    this.#within((parents) => {
      for (const path of pathsIn(this.#recorded)) removeOurs(path, parents);
      this.#record([]);
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

  /** A program has closed a document: its owner file may have been in the way. */
  retry(): void {
    this.changed([...this.#wanted.keys()].filter((path) => !this.#shown.has(path)));
  }

  /** Removes all owner files. */
  clear(): void {
    this.#wanted.clear();
    this.#update([...this.#shown.keys()]);
  }

  /** Makes the owner files of `documents` what they are to be. */
  #update(documents: readonly RelPath[]): void {
    this.#within((parents) => {
      const missing: Wanted[] = [];
      for (const document of documents) {
        parents.trim();
        const wanted = this.#ownerFileFor(document, parents);
        if (this.#isShown(document, wanted, parents)) continue;
        this.#remove(document, parents);
        if (wanted !== null) missing.push(wanted);
      }
      if (missing.length > 0 && !this.#record([...this.#shown.values(), ...missing.map(({ path }) => path)])) return;
      for (const wanted of missing) {
        parents.trim();
        if (write(wanted, parents)) this.#shown.set(wanted.document, wanted.path);
      }
      this.#record([...this.#shown.values()]);
    });
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
    return contentAt(wanted.path, parents)?.equals(bytesOf(wanted.file)) === true;
  }

  #remove(document: RelPath, parents: Parents): void {
    const path = this.#shown.get(document);
    if (path === undefined) return;
    this.#shown.delete(document);
    removeOurs(path, parents);
  }

  /** @returns whether exactly `paths` are recorded. */
  #record(paths: readonly RelPath[]): boolean {
    const text = paths.map((path) => `${JSON.stringify(path)}\n`).join('');
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

/** @returns the beginning of the file, or where the link points; null where neither is there. */
function contentAt(path: RelPath, parents: Parents): Buffer | null {
  try {
    const absolute = parents.at(parentOf(path), nameOf(path));
    if (fs.lstatSync(absolute).isSymbolicLink()) return fs.readlinkSync(absolute, { encoding: 'buffer' });
    const fd = fs.openSync(absolute, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const content = Buffer.alloc(MAX_OWNER_FILE_BYTES);
      return content.subarray(0, fs.readSync(fd, content, 0, content.length, 0));
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    return null;
  }
}

/** Removes the owner file at `path` unless a program has made it. */
function removeOurs(path: RelPath, parents: Parents): void {
  const content = contentAt(path, parents);
  if (content === null || !isOutwardNamed(nameOf(path), content)) return;
  try {
    fs.unlinkSync(parents.at(parentOf(path), nameOf(path)));
  } catch {
    // It is gone already, or its directory cannot be written: the next start tries again.
  }
}

/** @returns whether it is written: not where a program's own is in the way, or the directory cannot be written. */
function write({ path, file }: Wanted, parents: Parents): boolean {
  const absolute = parents.at(parentOf(path), nameOf(path));
  try {
    if (!(file.content instanceof Uint8Array)) fs.symlinkSync(file.content.link, absolute);
    else fs.writeFileSync(absolute, file.content, { flag: NEW_FILE, mode: MODE });
    return true;
  } catch {
    return false;
  }
}
