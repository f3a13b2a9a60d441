// Limits the conflict copies of one file to ten: where a plan would make more, the oldest are deleted on both sides, by
// ordinary deletions whose contents go to versions. The limit is checked with every plan that touches a copy, so a
// deletion that was interrupted after one side is completed by a later plan.

import type { Change } from '../change.js';
import { joinPath, parentOf, type RelPath } from '../path.js';
import type { Plan } from '../reconcile/reconcile.js';
import { type DirNode, entryOf, type Snapshot } from '../snapshot.js';
import type { ConflictCopy } from './copy-name.js';
import { byAge, parseCopy } from './copy-name.js';

const MAX_COPIES = 10;

/** What the limit needs besides the plan. */
interface CopyLimitOptions {
  readonly firstContact: boolean;
  /**
   * Paths that must not be changed now. A pinned copy may already be in deletion, so no other copy is deleted instead
   * of it.
   */
  readonly pinned: (path: RelPath) => boolean;
}

/**
 * @param plan all conflict copies that it makes or touches are counted together with those beside them.
 * @returns the plan, with deletions of the copies over the limit; at a first contact the plan as it is.
 */
export function limitCopies(plan: Plan, a: Snapshot, b: Snapshot, { firstContact, pinned }: CopyLimitOptions): Plan {
  if (firstContact) return plan;
  const made = new Set([...plan.toA, ...plan.toB].flatMap(({ conflictCopy }) => conflictCopy ?? []));
  const going = new Set<RelPath>();
  const moving = new Set<RelPath>();
  const touched = new Map<string, ConflictCopy>();
  for (const { path, action, from, conflictCopy } of [...plan.toA, ...plan.toB]) {
    if (action === 'deleted') going.add(path);
    if (from !== undefined) going.add(from.path);
    if (from !== undefined || conflictCopy !== undefined) moving.add(path);
    for (const one of [path, conflictCopy]) {
      const copy = one === undefined ? null : parseCopy(one);
      if (copy !== null) touched.set(familyOf(copy), copy);
    }
  }
  const surplus = new Set<RelPath>();
  for (const copy of touched.values()) {
    const present = copiesLike(copy, a, b, made).filter(({ path }) => !going.has(path));
    let over = present.length - MAX_COPIES;
    for (const { path } of present.sort(byAge)) {
      if (over <= 0) break;
      if (made.has(path) || moving.has(path)) continue;
      if (!pinned(path)) surplus.add(path);
      over--;
    }
  }
  if (surplus.size === 0) return plan;
  return { ...plan, toA: without(plan.toA, surplus, a), toB: without(plan.toB, surplus, b) };
}

/** @returns a key that is equal for copies of one file; files with long names that begin alike may share it. */
const familyOf = ({ path, stem, extension }: ConflictCopy): string => `${parentOf(path)}\0${stem}\0${extension}`;

/** @returns all conflict copies of the same file as `copy`, on either side or made by the plan. */
function copiesLike(copy: ConflictCopy, a: Snapshot, b: Snapshot, made: ReadonlySet<RelPath>): ConflictCopy[] {
  const parent = parentOf(copy.path);
  const paths = new Set<RelPath>(made);
  for (const snapshot of [a, b]) {
    const dir = snapshot.get(parent);
    if (dir?.type !== 'dir') continue;
    for (const name of copyNames(dir)) paths.add(joinPath(parent, name));
  }
  const family = familyOf(copy);
  return [...paths].flatMap((path) => {
    const other = parseCopy(path);
    return other !== null && familyOf(other) === family ? [other] : [];
  });
}

function* copyNames(dir: DirNode): Generator<string> {
  for (const [name, child] of dir.children) if (child.type !== 'dir' && name.includes(' (conflict ')) yield name;
}

/** @returns one side's changes, with all changes of the `surplus` paths replaced by their deletion. */
function without(changes: readonly Change[], surplus: ReadonlySet<RelPath>, side: Snapshot): Change[] {
  const deletions: Change[] = [];
  for (const path of surplus) {
    const before = entryOf(side.get(path));
    if (before === null || before.type === 'dir') continue;
    deletions.push({ path, action: 'deleted', before, after: null, reason: 'conflict copy limit' });
  }
  return [...changes.filter(({ path }) => !surplus.has(path)), ...deletions];
}
