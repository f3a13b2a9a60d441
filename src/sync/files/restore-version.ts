// Lists the earlier contents of both sides as one list, and restores one of them by a client write. A content that the
// user of one side overwrote is only among the versions of the other side, so both are asked.

import { advise } from '../../core/advice.js';
import type { Change } from '../../core/change.js';
import { type Entry, sameContent } from '../../core/entry.js';
import { SyncError } from '../../core/errors.js';
import { quote, type RelPath, type Side } from '../../core/path.js';
import type { Content, Version, VersionReader } from '../../replica.js';
import type { Acted } from '../../wire/client-api/methods.js';
import type { FailedPrune, Pruned, PrunedVersions } from '../../wire/client-api/pruned.js';
import type { VersionRow } from '../../wire/client-api/version-rows.js';
import type { Piece, Source } from './source.js';
import { placeOf, versionRow } from './version-row.js';
import type { WriteStep } from './write.js';
import { missingParents } from './write.js';
import type { ClientWrites } from './write-queue.js';

export interface RestoringContext {
  readonly writes: ClientWrites;
  /** Reads the versions of a side; null while it is disconnected. */
  readonly versionReader: (side: Side) => VersionReader | null;
}

interface Found extends Version {
  readonly side: Side;
}

/** Which version: by its number (1 is the newest), or by where it lies. */
type WantedVersion = { readonly at: number } | { readonly side: Side; readonly where: string };

const SIDES = ['a', 'b'] as const;

/** Lists, restores and prunes versions. */
export class Restoring {
  readonly #context: RestoringContext;

  constructor(context: RestoringContext) {
    this.#context = context;
  }

  /** @returns the versions of both sides, the newest first, and the sides that could not be asked. */
  async versions(path: RelPath): Promise<{ rows: VersionRow[]; away: Side[] }> {
    const { found, away } = await this.#find(path);
    return { rows: found.map((version, n) => versionRow(path, version, n)), away };
  }

  async #find(path: RelPath, sides: readonly Side[] = SIDES): Promise<{ found: Found[]; away: Side[] }> {
    const away: Side[] = [];
    const lists = await Promise.all(
      sides.map(async (side) => {
        const versionReader = this.#context.versionReader(side);
        if (versionReader === null) {
          away.push(side);
          return [];
        }
        return (await versionReader.list(path)).map((version) => ({ ...version, side }));
      }),
    );
    return { found: lists.flat().sort((x, y) => y.replaced - x.replaced), away };
  }

  /**
   * Makes one version of `path` its content again. The present content goes to the versions first.
   * @throws SyncError `not-found` where there is no such version; `exists` where a directory is in its place; the
   *   refusals of client writes (see `ClientWrites.ask`).
   */
  async restore(path: RelPath, wanted: WantedVersion, owner: string): Promise<Acted> {
    const version = await this.#wanted(path, wanted);
    const versionReader = this.#context.versionReader(version.side);
    if (versionReader === null) throw noSuchVersion(path, wanted, 0, [version.side]);
    const entry = await versionReader.entryOf(version.name);
    const contents = entry.type === 'file' ? () => versionReader.read(version.name, entry) : undefined;
    const done = await this.#context.writes.ask({
      owner,
      paths: [path],
      decide: (present) => {
        const change = changeTo(path, present(path), entry);
        if (change === null) return [];
        const step: WriteStep = { change, ...(contents === undefined ? {} : { contents }) };
        return [...missingParents(path, present), step];
      },
    });
    const { n: _n, path: _path, ...row } = versionRow(path, version, 0);
    const at = 'at' in wanted ? { at: wanted.at } : {};
    return { path, changed: done.length > 0, created: done.at(-1)?.action === 'created', ...at, ...row };
  }

  /**
   * Opens a version for reading.
   * @throws SyncError `not-found` where there is no such version; `failed` where it is a link or cannot be read.
   */
  async open(path: RelPath, wanted: WantedVersion): Promise<Source> {
    const { side, name } = await this.#wanted(path, wanted);
    const versionReader = this.#context.versionReader(side);
    if (versionReader === null) throw noSuchVersion(path, wanted, 0, [side]);
    const file = await versionReader.entryOf(name);
    if (file.type === 'symlink') throw isLink(path, file.target);
    return { file, pieces: (from) => piecesFrom(path, versionReader.read(name, file), from), close: () => {} };
  }

  async #wanted(path: RelPath, wanted: WantedVersion): Promise<Found> {
    const { found, away } = await this.#find(path, 'at' in wanted ? SIDES : [wanted.side]);
    const isWanted = (version: Found, n: number) =>
      'at' in wanted ? n === wanted.at - 1 : placeOf(version) === wanted.where;
    const version = found.find(isWanted);
    if (version === undefined) throw noSuchVersion(path, wanted, found.length, away);
    return version;
  }

  /**
   * Removes the versions that are older than `olderMs` milliseconds, on each side that is there.
   * @param dryRun whether they are only counted.
   * @param before the moment of each side, instead of `olderMs`; a side for which there is none is not touched.
   */
  async prune(
    olderMs: number,
    dryRun: boolean,
    before?: { readonly a?: number; readonly b?: number },
  ): Promise<Pruned> {
    const prune = async (side: Side) => {
      if (before !== undefined && before[side] === undefined) return null;
      return (await this.#context.versionReader(side)?.prune(olderMs, dryRun, before?.[side])) ?? null;
    };
    const done = { a: null, b: null } as { a: PrunedVersions | null; b: PrunedVersions | null };
    const failed: { side: Side; error: Error }[] = [];
    const each = async (side: Side) => {
      try {
        done[side] = await prune(side);
      } catch (error) {
        failed.push({ side, error: error as Error });
      }
    };
    await Promise.all(SIDES.map(each));
    const [first] = failed;
    if (first === undefined) return done;
    // Where nothing was removed, the error is the whole answer.
    if (dryRun || (done.a === null && done.b === null)) throw first.error;
    return { ...done, failed: failure(first.side, first.error) };
  }
}

/** The content without its first `from` bytes. */
async function* piecesFrom(path: RelPath, contents: AsyncIterable<Content>, from: number): AsyncGenerator<Piece> {
  let skipped = 0;
  for await (const content of contents) {
    if (!('data' in content)) throw notReadable(path);
    const { data, release } = content;
    const part = data.subarray(Math.min(data.length, from - skipped));
    skipped += data.length - part.length;
    if (part.length > 0) yield { data: part, release };
    else release?.();
  }
}

const notReadable = (path: RelPath): SyncError =>
  new SyncError('failed', `This version of ${quote(path)} has changed on the disk, or cannot be read.`, {
    advice: advise`See: ${{ do: 'versions', path }}`,
  });

const isLink = (path: RelPath, target: string): SyncError =>
  new SyncError('failed', `This version of ${quote(path)} is a symbolic link to ${quote(target)}; it has no content.`, {
    hint: 'It can be restored.',
  });

function failure(side: Side, error: Error): FailedPrune {
  return { side, code: error instanceof SyncError ? error.code : 'failed', message: error.message };
}

function changeTo(path: RelPath, before: Entry | null, after: Exclude<Entry, { type: 'dir' }>): Change | null {
  if (before?.type === 'dir') {
    throw new SyncError('exists', `${quote(path)} is a directory now, and a file cannot take its place.`, {
      hint: 'Move the directory out of the way, then try again.',
    });
  }
  if (sameContent(before, after)) return null;
  return { path, action: before === null ? 'created' : 'modified', before, after, reason: 'restored' };
}

function noSuchVersion(path: RelPath, wanted: WantedVersion, count: number, away: readonly Side[]): SyncError {
  const missing = away.length === 0 ? '' : ` (side ${away.join(' and ')} is away and was not asked)`;
  const advice = advise`See: ${{ do: 'versions', path }}`;
  if (!('at' in wanted)) {
    const message = `No version of ${quote(path)} lies in ${quote(wanted.where)} on side ${wanted.side}${missing}.`;
    return new SyncError('not-found', message, { advice });
  }
  const there = count === 0 ? 'nothing is kept of it' : `there are versions 1 to ${count}`;
  return new SyncError('not-found', `There is no version ${wanted.at} of ${quote(path)}: ${there}${missing}.`, {
    advice,
  });
}
