// Lists and reads the versions of one root. They are found by their records and by their names, so that one whose
// record is lost is found as well. A content is returned only after it was read and has the recorded hash.

import fs from 'node:fs';
import path from 'node:path';
import { advise } from '../../core/advice.js';
import type { FileEntry, LinkEntry } from '../../core/entry.js';
import { SyncError } from '../../core/errors.js';
import { joinPath, nameOf, parentOf, pathFault, quote, type RelPath } from '../../core/path.js';
import type { Content, PrunedVersions, RecentVersion, Version, VersionReader, VersionUsage } from '../../replica.js';
import { readContent } from '../content/read.js';
import { digestLarge } from '../fs/digest.js';
import type { OwnDirectory } from '../fs/own-directory.js';
import { microseconds, modeOf } from '../fs/signature.js';
import { isVersionOf, momentOf } from './name.js';
import { inOrder, timed } from './order.js';
import type { VersionPruner } from './pruning.js';
import { recentVersions } from './recent.js';
import type { VersionRecords } from './records.js';
import { hasRoomBelow } from './versions.js';

const { readdir } = fs.promises;

/** Reads ROOT/.lockstep/versions. */
export class LocalVersionReader implements VersionReader {
  readonly #directory: OwnDirectory;
  readonly #records: VersionRecords;
  readonly #pruner: Pick<VersionPruner, 'usage' | 'removeOlder'>;

  constructor(directory: OwnDirectory, records: VersionRecords, pruner: Pick<VersionPruner, 'usage' | 'removeOlder'>) {
    this.#directory = directory;
    this.#records = records;
    this.#pruner = pruner;
  }

  async list(of: RelPath): Promise<readonly Version[]> {
    this.#directory.ensure();
    const names = new Set([...this.#records.namesOf(of), ...(await this.#unrecorded(of))]);
    const versions: Version[] = [];
    for (const name of names) {
      const version = this.#versionAt(name);
      if (version !== null) versions.push(version);
    }
    return inOrder(timed(versions));
  }

  async *recent(since: number): AsyncGenerator<readonly RecentVersion[]> {
    this.#directory.ensure();
    yield* recentVersions(this.#directory, this.#records, since, (name) => this.#versionAt(name));
  }

  usage(): Promise<VersionUsage> {
    return this.#pruner.usage();
  }

  prune(olderMs: number, dryRun: boolean, before?: number): Promise<PrunedVersions> {
    return this.#pruner.removeOlder(olderMs, dryRun, before);
  }

  /** @returns versions without a record whose names may be those of versions of this file. */
  async #unrecorded(of: RelPath): Promise<RelPath[]> {
    const parent = parentOf(of);
    const below = hasRoomBelow(path.join(this.#directory.path, parent)) ? parent : '';
    const names = await readdir(path.join(this.#directory.path, below)).catch(() => []);
    return names
      .filter((name) => isVersionOf(name, nameOf(of)))
      .map((name) => joinPath(below, name))
      .filter((name) => pathFault(name) === null && this.#records.get(name) === null);
  }

  #versionAt(name: RelPath): Version | null {
    const stats = statsOf(path.join(this.#directory.path, name));
    if (stats === null || (!stats.isFile() && !stats.isSymbolicLink())) return null;
    const record = this.#records.get(name);
    return {
      name,
      size: stats.isFile() ? stats.size : 0,
      mtime: microseconds(stats.mtimeMs),
      replaced: record?.replaced ?? momentOf(nameOf(name))?.replaced ?? stats.ctimeMs,
      reason: record?.reason ?? null,
    };
  }

  async entryOf(name: RelPath): Promise<FileEntry | LinkEntry> {
    const opened = this.#directory.open();
    try {
      const absolute = opened.at(name);
      const found = fs.lstatSync(absolute);
      if (found.isSymbolicLink()) {
        return { type: 'symlink', target: fs.readlinkSync(absolute), mtime: microseconds(found.mtimeMs) };
      }
      const digest = await digestLarge(absolute, Date.now(), new AbortController().signal);
      if (digest.kind === 'failed') throw digest.error;
      if (digest.kind === 'moving') throw damaged(name, 'it is being written');
      const { hash, stats } = digest;
      const recorded = this.#records.get(name)?.hash ?? null;
      if (recorded !== null && recorded !== hash) throw damaged(name, 'its content is not the one that was put aside');
      return { type: 'file', size: stats.size, mtime: microseconds(stats.mtimeMs), mode: modeOf(stats), hash };
    } catch (error) {
      if (error instanceof SyncError) throw error;
      const { code, message } = error as NodeJS.ErrnoException;
      throw code === 'ENOENT' || code === 'ENOTDIR' ? gone(name) : damaged(name, message);
    } finally {
      opened.close();
    }
  }

  async *read(name: RelPath, file: FileEntry): AsyncGenerator<Content> {
    yield* readContent(0, () => this.#directory.spelling(name), file.size);
  }
}

/** @returns null where nothing can be looked at there. */
function statsOf(absolute: string): fs.Stats | null {
  try {
    return fs.lstatSync(absolute);
  } catch {
    return null;
  }
}

const gone = (name: RelPath): SyncError =>
  new SyncError('not-found', `The version ${quote(name)} is not there any more.`, {
    advice: advise`See what there is with: ${{ do: 'versions' }}`,
  });

const damaged = (name: RelPath, why: string): SyncError =>
  new SyncError('failed', `The version ${quote(name)} cannot be put back: ${why}.`, {
    hint: `See for yourself: it lies below .lockstep/versions in its root.`,
  });
