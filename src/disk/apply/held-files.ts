// ROOT/.lockstep/held: the contents of held updates, as plain files under their old path, with the number of the update
// in the name, so that people find them. A content is flushed before it is reported as held.

import fs from 'node:fs';
import path from 'node:path';
import type { FileEntry } from '../../core/entry.js';
import { SyncError } from '../../core/errors.js';
import { shorten, splitName } from '../../core/file-name.js';
import { MAX_NAME_BYTES, nameOf, parentOf, type RelPath, utf8Length } from '../../core/path.js';
import { reasonForNow, systemTrouble } from '../../core/system-error.js';
import type { Content, Offer } from '../../replica.js';
import { readContent } from '../content/read.js';
import { digestLarge } from '../fs/digest.js';
import { moveWithoutReplacing } from '../fs/move.js';
import { GONE, type OwnDirectory } from '../fs/own-directory.js';
import { isFull } from '../fs/system-errors.js';
import type { StagedFile } from '../staging/staged-file.js';
import type { Staging } from '../staging/staging.js';
import { madeBelow, type Versions } from '../versions/versions.js';

/** The mark in the name of a held content, as `#place` writes it: its number, and the extension of the name. */
export const HELD_MARK = / \(held (\d+)\)(\.[^.]*)?$/;

/** The held contents of one root. */
export class HeldFiles {
  readonly #directory: OwnDirectory;
  readonly #staging: Staging;
  readonly #versions: Versions;

  constructor(directory: OwnDirectory, staging: Staging, versions: Versions) {
    this.#directory = directory;
    this.#staging = staging;
    this.#versions = versions;
  }

  /**
   * Receives the content of a held update.
   * @param of the path that the update is for.
   * @param id the unique number of the update.
   * @returns the name under which it is kept; null where the content could not be sent (it changed meanwhile).
   * @throws SyncError `failed` where it cannot be written.
   */
  async save(of: RelPath, id: number, file: FileEntry, contents: AsyncIterable<Content>): Promise<string | null> {
    let staged: StagedFile | null = null;
    let isInterrupted = false;
    try {
      staged = this.#staging.begin(file, of);
      for await (const piece of contents) {
        if ('failed' in piece || 'copy' in piece) return null;
        if ('have' in piece) await staged.resume(piece.have, piece.last);
        else {
          await staged.write(piece.data, piece.last);
          piece.release?.();
        }
      }
      if (!staged.isSound()) return null;
      await staged.flush();
      return this.#place(of, id, staged);
    } catch (cause) {
      if (isFull(cause)) this.#staging.makeRoom();
      else isInterrupted = true;
      const why = reasonForNow(systemTrouble(cause));
      throw new SyncError('failed', `An update of ${of} cannot be held: ${why}.`, { cause });
    } finally {
      if (isInterrupted) staged?.leave();
      else staged?.discard();
    }
  }

  /** @returns what an interrupted transfer left of the content `file`; null for nothing. */
  offer(file: FileEntry): Offer | null {
    const have = this.#staging.lengthOf(file);
    return have === 0 ? null : { have, base: null };
  }

  #place(of: RelPath, id: number, staged: StagedFile): string {
    const [stem, extension] = splitName(nameOf(of));
    const directory = madeBelow(this.#directory, parentOf(of)) ? parentOf(of) : '';
    // The number may have been used before a restart: a held content never replaces another one.
    for (let n = id; ; n++) {
      const mark = ` (held ${n})`;
      const maxBytes = MAX_NAME_BYTES - utf8Length(mark) - utf8Length(extension);
      const name = path.join(directory, `${shorten(stem, maxBytes)}${mark}${extension}`);
      try {
        this.#directory.use(name, (absolute) => moveWithoutReplacing(staged.path, absolute));
        this.#makeDurable(directory);
        return name;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  }

  /** Flushes all directories above as well: they may be new. */
  #makeDurable(directory: string): void {
    for (let at = directory; at !== '' && at !== '.'; at = path.dirname(at)) this.#directory.syncBelow(at);
    this.#directory.syncBelow('');
  }

  /** @returns the content kept under `name`, for an apply with one change. */
  read(name: string, file: FileEntry): AsyncIterable<Content> {
    return readContent(0, () => this.#directory.spelling(name), file.size);
  }

  /** @returns whether the content kept under `name` is still there: people may delete files in held/. */
  has(name: string): boolean {
    try {
      return this.#statsOf(name) !== null;
    } catch {
      return true; // reading it will report the error
    }
  }

  /**
   * Hashes the content kept under `name`.
   * @returns whether it can be read and is not the content of `file`, as after somebody has written to it.
   */
  async isAltered(name: string, file: FileEntry): Promise<boolean> {
    const directory = this.#directory.open();
    try {
      const digest = await digestLarge(directory.at(name), Date.now(), new AbortController().signal);
      return digest.kind === 'read' && (digest.hash !== file.hash || digest.stats.size !== file.size);
    } catch {
      return false; // it cannot be read now: the next attempt reports that
    } finally {
      directory.close();
    }
  }

  /** @returns null where nothing is kept under `name`. @throws the system's error where that cannot be known. */
  #statsOf(name: string): fs.Stats | null {
    try {
      return this.#directory.use(name, (absolute) => fs.lstatSync(absolute));
    } catch (error) {
      if (GONE.has((error as NodeJS.ErrnoException).code)) return null;
      throw error;
    }
  }

  /** Removes the content of an update that was applied. */
  remove(name: string): void {
    try {
      this.#directory.use(name, (absolute) => fs.rmSync(absolute, { force: true }));
    } catch {
      return; // the next start finds that no update names it, and moves it to versions/
    }
    this.#tidy(path.dirname(name));
  }

  /** Moves the content of an update that will not be applied to the versions of `of`. */
  moveToVersions(of: RelPath, name: string, reason: 'held' | 'discarded' = 'held'): void {
    const stats = this.#statsOf(name);
    if (stats === null) return;
    this.#versions.take(of, this.#directory.spelling(name), stats, { reason, hash: null });
    this.#tidy(path.dirname(name));
  }

  /** Moves contents that no update names (after a crash) to versions/; nothing is deleted. */
  recover(known: ReadonlySet<string>): void {
    for (const name of this.orphans(known)) this.moveToVersions(name.replace(HELD_MARK, '$2') as RelPath, name);
  }

  /** @returns the names of the contents that are not in `known`. */
  orphans(known: ReadonlySet<string>): string[] {
    this.#directory.ensure();
    const names = fs.readdirSync(this.#directory.path, { recursive: true, encoding: 'utf8' });
    return names.filter((name) => !known.has(name) && this.#statsOf(name)?.isFile());
  }

  /** Removes directories that are empty now. */
  #tidy(directory: string): void {
    for (let at = directory; at !== '.'; at = path.dirname(at)) {
      try {
        this.#directory.use(at, (absolute) => fs.rmdirSync(absolute));
      } catch {
        return; // not empty, or gone already: nothing above is empty
      }
    }
  }
}
