// Never more than ten conflict copies of one file: what a plan would bring beyond that takes the oldest away, on both
// sides, as ordinary deletions whose contents go to versions. Decided anew with every plan that touches a copy, so that
// a deletion that was cut short after one side heals by itself.

import type { Change } from '../change.js';
import { joinPath, parentOf, type RelPath } from '../path.js';
import type { Plan } from '../reconcile/reconcile.js';
import { type DirNode, entryOf, type Snapshot } from '../snapshot.js';
import type { ConflictCopy } from './copy-name.js';
import { byAge, parseCopy } from './copy-name.js';

export const MAX_COPIES = 10;

/** What the limit has to be told besides the plan. */
interface CopyLimitOptions {
  readonly firstContact: boolean;
  /** Paths that must not be touched now (one may be on its way out already): no other copy goes in its place. */
  readonly pinned: (path: RelPath) => boolean;
}

/**
 * @param plan what is to be done; every conflict copy that it makes or touches is counted with those beside it.
 * @returns the plan with the surplus copies deleted; at a first contact nothing is deleted, whatever it is called.
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

/** Copies of one file have one family; where two long names begin alike, so may theirs. */
const familyOf = ({ path, stem, extension }: ConflictCopy): string => `${parentOf(path)}\0${stem}\0${extension}`;

/** The copies beside `copy` of the same file, on either side or about to be made. */
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

/** One side's changes with the surplus deleted there, whatever else was meant for it. */
function without(changes: readonly Change[], surplus: ReadonlySet<RelPath>, side: Snapshot): Change[] {
  const deletions: Change[] = [];
  for (const path of surplus) {
    const before = entryOf(side.get(path));
    if (before === null || before.type === 'dir') continue;
    deletions.push({ path, action: 'deleted', before, after: null, reason: 'conflict copy limit' });
  }
  return [...changes.filter(({ path }) => !surplus.has(path)), ...deletions];
}
