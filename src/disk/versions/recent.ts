// All versions of one root, the newest first. They come in pieces, because there may be a hundred thousand of them: only
// their names and times are in memory at once.
import type { Reason } from '../../core/change.js';
import { joinPath, nameOf, parentOf, type RelPath } from '../../core/path.js';
import type { RecentVersion, Version } from '../../replica.js';
import type { OwnDirectory } from '../fs/own-directory.js';
import { TimeSlice } from '../fs/time-slice.js';
import { momentOf, originalName } from './name.js';
import { inOrder, timed } from './order.js';
import type { VersionRecords } from './records.js';
import { surveyVersions } from './survey.js';

/** Versions that are looked at together. */
const PIECE = 128;

/** A version by its record, or by its name where the record is lost. */
interface Found {
  readonly name: RelPath;
  readonly of: RelPath;
  readonly replaced: number;
  readonly reason: Reason | null;
}

/**
 * @param since milliseconds since 1970: older versions are left out.
 * @param read returns one version as it is now; null where its file is gone.
 */
export async function* recentVersions(
  directory: OwnDirectory,
  records: VersionRecords,
  since: number,
  read: (name: RelPath) => Version | null,
): AsyncGenerator<readonly RecentVersion[]> {
  const found = inOrder((await everyVersion(directory, records)).filter(({ replaced }) => replaced >= since));
  const slice = new TimeSlice();
  for (let at = 0; at < found.length; at += PIECE) {
    const some: RecentVersion[] = [];
    for (const { name, of, replaced } of found.slice(at, at + PIECE)) {
      const version = read(name);
      if (version !== null) some.push({ ...version, of, replaced });
    }
    yield some;
    if (slice.isTired) await slice.rest();
  }
}

/** @returns the versions that have records, and those that only their names tell of. */
async function everyVersion(directory: OwnDirectory, records: VersionRecords): Promise<Found[]> {
  const slice = new TimeSlice();
  const lost = await unrecorded(directory, records);
  const found: Found[] = [];
  for (const [name, { of, replaced, reason }] of records.entries()) {
    const own = { name, of, replaced, reason };
    const others = lost.get(of);
    if (others === undefined) found.push(own);
    else others.push(own);
    if (slice.isTired) await slice.rest();
  }
  for (const versions of lost.values()) for (const version of timed(versions)) found.push(version);
  return found;
}

/** @returns the versions without a record, by the path of their file. */
async function unrecorded(directory: OwnDirectory, records: VersionRecords): Promise<Map<RelPath, Found[]>> {
  const lost = new Map<RelPath, Found[]>();
  for await (const { files } of surveyVersions(directory)) {
    for (const name of files) {
      if (records.get(name) !== null) continue;
      const original = originalName(nameOf(name));
      if (original === null) continue; // a file that people have put here
      const of = joinPath(parentOf(name), original);
      const { replaced } = momentOf(nameOf(name))!;
      const version = { name, of, replaced, reason: null };
      const others = lost.get(of);
      if (others === undefined) lost.set(of, [version]);
      else others.push(version);
    }
  }
  return lost;
}
