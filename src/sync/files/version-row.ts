// A version as clients are told of it.
import type { RelPath, Side } from '../../core/path.js';
import type { Version } from '../../replica.js';
import type { VersionRow } from '../../wire/client-api/version-rows.js';
import { iso } from '../locks/lock-service.js';

/**
 * @param path of the file.
 * @param newer how many newer versions of it there are.
 */
export function versionRow(path: RelPath, version: Version & { readonly side: Side }, newer: number): VersionRow {
  const { side, size, mtime, replaced, reason } = version;
  return {
    path,
    n: newer + 1,
    size,
    mtime: iso(mtime / 1000),
    replaced: iso(replaced),
    reason: reason ?? 'unknown',
    side,
    where: placeOf(version),
  };
}

/** @returns where a version lies in its root. */
export const placeOf = ({ name }: Pick<Version, 'name'>): string => `.lockstep/versions/${name}`;
