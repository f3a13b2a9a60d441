// ROOT/.lockstep/held: the contents of held updates, whole plain files under their old path with the number of the
// update in the name, so that a person finds them. A content is flushed before anybody is told that it is held.

import fs from 'node:fs';
import path from 'node:path';
import type { FileEntry } from '../../core/entry.js';
import { SyncError } from '../../core/errors.js';
import { shorten, splitName } from '../../core/file-name.js';
import { MAX_NAME_BYTES, nameOf, parentOf, type RelPath, utf8Length } from '../../core/path.js';
import { reasonForNow, systemTrouble } from '../../core/system-error.js';
import type { Content, Offer } from '../../replica.js';
import { readContent } from '../content/read.js';
import { moveWithoutReplacing } from '../fs/move.js';
import { GONE, type OwnDirectory } from '../fs/own-directory.js';
import { isFull } from '../fs/system-errors.js';
import type { StagedFile } from '../staging/staged-file.js';
import type { Staging } from '../staging/staging.js';
import { madeBelow, type Versions } from '../versions/versions.js';

/** The mark in a held content's name, where `place` puts it. */
const HELD_MARK = / \(held \d+\)(\.[^.]*)?$/;

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
   * @param id the number that no other held update has.
   * @returns the name it is kept under, or null where the content could not be had (it changed meanwhile).
   * @throws SyncError `failed` where it cannot be written.
   */
  async save(of: RelPath, id: number, file: FileEntry, contents: AsyncIterable<Content>): Promise<string | null> {
    let staged: StagedFile | null = null;
    let cut = false;
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
      else cut = true;
      const why = reasonForNow(systemTrouble(cause));
      throw new SyncError('failed', `An update of ${of} cannot be held: ${why}.`, { cause });
    } finally {
      if (cut) staged?.leave();
      else staged?.discard();
    }
  }

  /** What is here of a content that is to be held. */
  offer(file: FileEntry): Offer | null {
    const have = this.#staging.lengthOf(file);
    return have === 0 ? null : { have, base: null };
  }

  #place(of: RelPath, id: number, staged: StagedFile): string {
    const [stem, extension] = splitName(nameOf(of));
    const directory = madeBelow(this.#directory, parentOf(of)) ? parentOf(of) : '';
    // A number given before the last restart may stand there: no held content ever takes another's place.
    for (let n = id; ; n++) {
      const mark = ` (held ${n})`;
      const room = MAX_NAME_BYTES - utf8Length(mark) - utf8Length(extension);
      const name = path.join(directory, `${shorten(stem, room)}${mark}${extension}`);
      try {
        this.#directory.use(name, (absolute) => moveWithoutReplacing(staged.path, absolute));
        this.#makeDurable(directory);
        return name;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  }

  /** A name is as durable as all the directories above it, and those may be new. */
  #makeDurable(directory: string): void {
    for (let at = directory; at !== '' && at !== '.'; at = path.dirname(at)) this.#directory.syncBelow(at);
    this.#directory.syncBelow('');
  }

  /** The content kept under `name`, as the only one of an apply. */
  read(name: string, file: FileEntry): AsyncIterable<Content> {
    return readContent(0, () => this.#directory.spelling(name), file.size);
  }

  /** Whether the content kept under `name` is still there: people may look into held/, and tidy up. */
  has(name: string): boolean {
    try {
      return this.#statsOf(name) !== null;
    } catch {
      return true; // whoever reads it finds out what is wrong
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

  /** The update has taken effect: its content stands where it belongs. */
  remove(name: string): void {
    try {
      this.#directory.use(name, (absolute) => fs.rmSync(absolute, { force: true }));
    } catch {
      return; // the next start finds that no update names it, and moves it to the versions
    }
    this.#tidy(path.dirname(name));
  }

  /** The update will not take effect: its content goes to the versions of `of`. */
  putAside(of: RelPath, name: string, reason: 'held' | 'discarded' = 'held'): void {
    const stats = this.#statsOf(name);
    if (stats === null) return;
    this.#versions.take(of, this.#directory.spelling(name), stats, { reason, hash: null });
    this.#tidy(path.dirname(name));
  }

  /** Contents that no update names any more (a crash came between the two) go to versions; nothing is thrown away. */
  recover(known: ReadonlySet<string>): void {
    for (const name of this.orphans(known)) this.putAside(name.replace(HELD_MARK, '$1') as RelPath, name);
  }

  /** The names of the contents that are none of `known`. */
  orphans(known: ReadonlySet<string>): string[] {
    this.#directory.ensure();
    const names = fs.readdirSync(this.#directory.path, { recursive: true, encoding: 'utf8' });
    return names.filter((name) => !known.has(name) && this.#statsOf(name)?.isFile());
  }

  /** Removes the directories that have become empty. */
  #tidy(directory: string): void {
    for (let at = directory; at !== '.'; at = path.dirname(at)) {
      try {
        this.#directory.use(at, (absolute) => fs.rmdirSync(absolute));
      } catch {
        return; // not empty, or gone already: either way there is nothing more to tidy
      }
    }
  }
}
