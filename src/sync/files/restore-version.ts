// Lists the earlier contents of both sides as one list, and restores one of them by a client write. A content that the
// user of one side overwrote is only among the versions of the other side, so both are asked.

import { advise } from '../../core/advice.js';
import type { Change } from '../../core/change.js';
import { type Entry, sameContent } from '../../core/entry.js';
import { SyncError } from '../../core/errors.js';
import { quote, type RelPath, type Side } from '../../core/path.js';
import type { Version, VersionReader } from '../../replica.js';
import type { Acted, VersionRow } from '../../wire/client-api/methods.js';
import { iso } from '../locks/lock-service.js';
import type { WriteStep } from './write.js';
import { missingParents } from './write.js';
import type { ClientWrites } from './write-queue.js';

interface RestoringContext {
  readonly writes: ClientWrites;
  /** Reads the versions of a side; null while it is disconnected. */
  readonly versionReader: (side: Side) => VersionReader | null;
}

interface Found extends Version {
  readonly side: Side;
}

/** Lists and restores versions. */
export class Restoring {
  readonly #context: RestoringContext;

  constructor(context: RestoringContext) {
    this.#context = context;
  }

  /** @returns the versions of both sides, the newest first, and the sides that could not be asked. */
  async versions(path: RelPath): Promise<{ rows: VersionRow[]; away: Side[] }> {
    const { found, away } = await this.#find(path);
    return { rows: found.map(rowOf), away };
  }

  async #find(path: RelPath): Promise<{ found: Found[]; away: Side[] }> {
    const away: Side[] = [];
    const lists = await Promise.all(
      (['a', 'b'] as const).map(async (side) => {
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
   * Makes the `at`-th version of `path` (from 1, the newest) its content again. The present content goes to the
   * versions first.
   * @throws SyncError `not-found` where there is no such version; `exists` where a directory is in its place; the
   *   refusals of client writes (see `ClientWrites.ask`).
   */
  async restore(path: RelPath, at: number, owner: string): Promise<Acted> {
    const { found, away } = await this.#find(path);
    const version = found[at - 1];
    if (version === undefined) throw noSuchVersion(path, at, found.length, away);
    const versionReader = this.#context.versionReader(version.side);
    if (versionReader === null) throw noSuchVersion(path, at, 0, [version.side]);
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
    const { n: _n, ...row } = rowOf(version, at - 1);
    return { path, changed: done.length > 0, created: done.at(-1)?.action === 'created', at, ...row };
  }
}

function rowOf({ side, name, size, mtime, replaced, reason }: Found, at: number): VersionRow {
  return {
    n: at + 1,
    size,
    mtime: iso(mtime / 1000),
    replaced: iso(replaced),
    reason: reason ?? 'unknown',
    side,
    where: `.lockstep/versions/${name}`,
  };
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

function noSuchVersion(path: RelPath, at: number, count: number, away: readonly Side[]): SyncError {
  const there = count === 0 ? 'nothing is kept of it' : `there are versions 1 to ${count}`;
  const missing = away.length === 0 ? '' : ` (side ${away.join(' and ')} is away and was not asked)`;
  return new SyncError('not-found', `There is no version ${at} of ${quote(path)}: ${there}${missing}.`, {
    advice: advise`See: ${{ do: 'versions', path }}`,
  });
}
