// What carrying out a plan means, as a model: each step is compared with the tree before it is taken, in the order of
// the list, so a plan in a wrong order fails here. The pair is driven as the session drives it: plan, apply, fold what
// was done into the archive, plan again until nothing is left.
import { type Change, contentOf } from '../../../src/core/change.js';
import { type Entry, sameContent, sameEntry } from '../../../src/core/entry.js';
import { otherSide, parentOf, type RelPath, type Side } from '../../../src/core/path.js';
import type { Marks } from '../../../src/core/path-set.js';
import { type Plan, type ReconcileOptions, reconcile } from '../../../src/core/reconcile/reconcile.js';
import { below, put, showChanges, showEntry, showTree, snapshotOf, type Tree } from './tree.js';

export interface Pair {
  readonly archive: Tree;
  readonly a: Tree;
  readonly b: Tree;
  /** What was overwritten or deleted without a copy in the tree. */
  readonly versions: { readonly path: RelPath; readonly entry: Entry }[];
}

export interface Circumstances {
  readonly firstContact?: boolean;
  readonly pinned?: (path: RelPath) => boolean;
  readonly winner?: NonNullable<ReconcileOptions['winner']>;
  readonly overrides?: NonNullable<ReconcileOptions['overrides']>;
  readonly marks?: (pair: Pair) => Marks;
}

export const pairOf = (archive: Tree, a: Tree, b: Tree): Pair => ({
  archive: new Map(archive),
  a: new Map(a),
  b: new Map(b),
  versions: [],
});

/** @returns the plan for `pair`; a copy of x that side b loses is called `x~b`, or `x~b2` and so on. */
export function planOf(pair: Pair, circumstances: Circumstances = {}): Plan {
  const given = new Set<string>();
  const copyName = (path: RelPath, side: Side): RelPath => {
    const stem = `${originalOf(path)}~${side}`;
    for (let n = 1; ; n++) {
      const name = (n === 1 ? stem : `${stem}${n}`) as RelPath;
      if (pair.a.has(name) || pair.b.has(name) || given.has(name)) continue;
      given.add(name);
      return name;
    }
  };
  return reconcile(snapshotOf(pair.archive), snapshotOf(pair.a), snapshotOf(pair.b), {
    firstContact: circumstances.firstContact ?? false,
    pinned: circumstances.pinned ?? (() => false),
    copyName,
    ...(circumstances.winner === undefined ? {} : { winner: circumstances.winner }),
    ...(circumstances.overrides === undefined ? {} : { overrides: circumstances.overrides }),
    ...(circumstances.marks === undefined ? {} : { marks: circumstances.marks(pair) }),
  });
}

/** @returns the path that `path` is a copy of, in the models' way of naming. */
export const originalOf = (path: RelPath): RelPath => path.replace(/~[ab]\d*$/, '') as RelPath;

export const isEmpty = (plan: Plan): boolean =>
  plan.toA.length + plan.toB.length + plan.agreed.length + plan.conflicts.length === 0;

/**
 * Plans and applies until nothing is left.
 * @returns the plans that had something in them.
 * @throws Error where a step finds something else than it expects, or where `rounds` are not enough.
 */
export function settle(pair: Pair, circumstances: Circumstances = {}, rounds = 3): Plan[] {
  const plans: Plan[] = [];
  for (;;) {
    const plan = planOf(pair, circumstances);
    if (isEmpty(plan)) return plans;
    if (plans.length === rounds) {
      throw new Error(
        `not settled after ${rounds} rounds, left: a ${showChanges(plan.toA)} b ${showChanges(plan.toB)}`,
      );
    }
    plans.push(plan);
    applyPlan(pair, plan);
  }
}

/** Carries out all of `plan`; every step must find what it expects. */
export function applyPlan(pair: Pair, plan: Plan): void {
  const seen = { a: new Map(pair.a), b: new Map(pair.b) };
  const done: Change[] = [];
  for (const side of ['a', 'b'] as const) {
    for (const change of side === 'a' ? plan.toA : plan.toB) {
      const fault = step(pair, side, change, seen[otherSide(side)]);
      if (fault !== null) {
        throw new Error(`${showChanges([change])} at ${side} of ${showTree(pair[side])}: ${fault}`);
      }
      done.push(change);
    }
  }
  fold(pair, plan, done);
}

/** Carries out those steps of `plan` that `chosen` lets through, and of these the ones that find what they expect. */
export function applyPart(pair: Pair, plan: Plan, chosen: () => boolean): void {
  const seen = { a: new Map(pair.a), b: new Map(pair.b) };
  const done: Change[] = [];
  for (const side of ['a', 'b'] as const) {
    for (const change of side === 'a' ? plan.toA : plan.toB) {
      if (chosen() && step(pair, side, change, seen[otherSide(side)]) === null) done.push(change);
    }
  }
  fold(pair, plan, done);
}

/** The archive records what was done, after it was done. */
function fold(pair: Pair, plan: Plan, done: readonly Change[]): void {
  for (const { path, entry } of plan.agreed) put(pair.archive, path, entry);
  for (const change of done) {
    if (change.from !== undefined) put(pair.archive, change.from.path, null);
    put(pair.archive, change.path, change.after);
  }
}

/** @returns null where the step was taken, else what it found instead; `source` is what the other side had at the plan. */
function step(pair: Pair, side: Side, change: Change, source: Tree): string | null {
  const target = pair[side];
  const fault = shapeFault(change) ?? placeFault(target, change) ?? sourceFault(change, source);
  if (fault !== null) return fault;
  const { path, before, after, from, conflictCopy } = change;
  if (conflictCopy !== undefined) target.set(conflictCopy, before!);
  else if (before !== null && !sameContent(before, after) && before.type !== 'dir')
    pair.versions.push({ path, entry: before });
  if (from !== undefined) target.delete(from.path);
  if (after === null) target.delete(path);
  else target.set(path, after);
  return null;
}

/** What is wrong with the change in itself. */
function shapeFault({ action, before, after, from, conflictCopy }: Change): string | null {
  const same = sameContent(before, after);
  const right = {
    created: before === null && after !== null,
    deleted: before !== null && after === null,
    modified: before !== null && after !== null && !same,
    metadata: before !== null && after !== null && same && !sameEntry(before, after),
    renamed: before === null && from !== undefined && from.entry.type === 'file' && sameContent(from.entry, after),
  }[action];
  if (!right) return `not a change that is called ${action}`;
  if (from !== undefined && action !== 'renamed') return 'only a rename comes from elsewhere';
  if (conflictCopy !== undefined && (action !== 'modified' || before?.type === 'dir'))
    return 'nothing to keep a copy of';
  return null;
}

/** What stands in the way of the change in the tree as it is at this moment. */
function placeFault(target: Tree, { path, before, after, from, conflictCopy }: Change): string | null {
  const parent = parentOf(path);
  if (parent !== '' && target.get(parent)?.type !== 'dir') return 'the directory above is missing';
  const found = target.get(path) ?? null;
  if (!sameEntry(found, before)) return `found ${found === null ? 'nothing' : showEntry(path, found)}`;
  if (from !== undefined && !sameEntry(target.get(from.path) ?? null, from.entry)) return 'another source to move';
  if (before?.type === 'dir' && after?.type !== 'dir' && below(target, path).length > 0) return 'directory not empty';
  if (conflictCopy !== undefined && target.has(conflictCopy)) return 'the copy would overwrite something';
  return null;
}

/** Whether the other side still has what the change is to bring. */
function sourceFault(change: Change, source: Tree): string | null {
  const content = contentOf(change);
  if (content !== null && !sameEntry(source.get(change.path) ?? null, content))
    return 'the other side has no such file';
  if (change.conflictCopy !== undefined && source.has(change.conflictCopy))
    return 'the copy has a name of the other side';
  return null;
}
