// Resolves conflict copies, as `client resolve` does. The newest copy shows which side lost the name last: keeping that
// side puts the copy's content into the file, keeping the other leaves the file as it is. In both cases the copies are
// deleted, their contents go to versions.

import { advise } from '../advice.js';
import type { Change } from '../change.js';
import { type Entry, sameContent } from '../entry.js';
import { SyncError } from '../errors.js';
import { quote, type RelPath, type Side } from '../path.js';
import type { ConflictCopy } from './copy-name.js';
import { byAge, settledName } from './copy-name.js';

/** The side whose content keeps the name, or both. */
export type Keep = Side | 'both';

/** A conflict to resolve. */
interface Unsettled {
  readonly original: RelPath;
  /** The copies to resolve, at least one. */
  readonly copies: readonly ConflictCopy[];
  /** @returns the entry at a path on the side that is written to. */
  readonly at: (path: RelPath) => Entry | null;
  /** Whether a path is in use on either side. */
  readonly taken: (path: RelPath) => boolean;
}

/** Changes to be carried out in order, each only after the one before is done. */
export interface Resolution {
  readonly steps: readonly Change[];
  /** The copy whose content the file gets; null where the file stays as it is. */
  readonly from: ConflictCopy | null;
  readonly removed: readonly RelPath[];
  readonly renamed: readonly { readonly from: RelPath; readonly to: RelPath }[];
}

/**
 * @param keep the side whose content keeps the name, or both.
 * @throws SyncError `not-found` where the content to keep or a copy is gone, `exists` where a directory is in its
 * place.
 */
export function resolution(unsettled: Unsettled, keep: Keep): Resolution {
  const present = unsettled.copies.map((copy) => ({ copy, entry: presentAt(unsettled, copy.path) }));
  present.sort((x, y) => byAge(x.copy, y.copy));
  if (keep === 'both') return keepBoth(present, unsettled);
  const newest = present.at(-1)!;
  const removed = present.map(({ copy }) => copy.path);
  const removals = present.map(({ copy, entry }): Change => {
    return { path: copy.path, action: 'deleted', before: entry, after: null, reason: 'conflict resolved' };
  });
  const old = unsettled.at(unsettled.original);
  if (newest.copy.side !== keep) {
    if (old === null) throw nothingToKeep(unsettled.original, newest.copy);
    return { steps: removals, from: null, removed, renamed: [] };
  }
  if (old?.type === 'dir') throw directoryInTheWay(unsettled.original);
  const takes: Change = {
    path: unsettled.original,
    action: old === null ? 'created' : 'modified',
    before: old,
    after: newest.entry,
    reason: 'conflict resolved',
  };
  const steps = sameContent(old, newest.entry) ? removals : [takes, ...removals];
  return { steps, from: newest.copy, removed, renamed: [] };
}

interface Present {
  readonly copy: ConflictCopy;
  readonly entry: Entry;
}

function keepBoth(present: readonly Present[], { taken }: Unsettled): Resolution {
  const given = new Set<RelPath>();
  const steps: Change[] = [];
  const renamed: { from: RelPath; to: RelPath }[] = [];
  for (const { copy, entry } of present) {
    const to = settledName(copy, (path) => given.has(path) || taken(path));
    given.add(to);
    renamed.push({ from: copy.path, to });
    steps.push(...moved(copy.path, to, entry));
  }
  return { steps, from: null, removed: [], renamed };
}

/** A link cannot be renamed by a change, so it is created and deleted. */
function moved(from: RelPath, to: RelPath, entry: Entry): Change[] {
  if (entry.type === 'file') {
    return [{ path: to, action: 'renamed', before: null, after: entry, from: { path: from, entry } }];
  }
  return [
    { path: to, action: 'created', before: null, after: entry },
    { path: from, action: 'deleted', before: entry, after: null, reason: 'conflict resolved' },
  ];
}

function presentAt({ at }: Unsettled, path: RelPath): Entry {
  const entry = at(path);
  if (entry !== null && entry.type !== 'dir') return entry;
  throw new SyncError('not-found', `The conflict copy ${quote(path)} is not there on side a.`, {
    advice: advise`If it has only just been made, wait with: ${{ do: 'flush' }}`,
  });
}

const nothingToKeep = (original: RelPath, copy: ConflictCopy): SyncError =>
  new SyncError('not-found', `There is no ${quote(original)} any more, so only the copy is left to keep.`, {
    advice: advise`Put its content back with ${{ do: 'keep', keep: copy.side }}, or keep it under a name of its own with ${{ do: 'keep', keep: 'both' }}.`,
  });

const directoryInTheWay = (path: RelPath): SyncError =>
  new SyncError('exists', `${quote(path)} is a directory now.`, {
    advice: advise`Keep the copy under a name of its own with ${{ do: 'keep', keep: 'both' }}.`,
  });
