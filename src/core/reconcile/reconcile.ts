// Reconciliation: from three snapshots - the archive (what both sides last shared), a and b - it computes the changes
// that make both sides equal without losing a content. Pure and symmetric: exchanging a and b exchanges the two lists of
// changes, except that side a wins where times are equal.
//
//   visit(path):
//     pinned                          → postpone it; it counts as existing
//     a directory on both sides       → equalise its metadata, visit its children
//     the same content, or none       → equalise the metadata, or record that both have deleted it
//     a directory on one side only    → it was deleted or replaced there: delete it if nothing below it survives
//                                       it is new: create it on the other side
//     files or links that differ      → only one side changed: the other follows
//                                       one deleted, the other changed: the change wins
//                                       both changed: a conflict; the newer keeps the name, the other becomes a copy
//
// The decision about a directory depends on everything below it, so `visit` returns whether the path survives.
import type { Change, Reason } from '../change.js';
import { mtimeOf, sameContent, sameEntry, sameMetadata } from '../entry.js';
import { joinPath, otherSide, type RelPath, type Side } from '../path.js';
import type { Marks } from '../path-set.js';
import { childOf, entryOf, type Node, type Snapshot } from '../snapshot.js';
import { followedSide, winningSide } from './leader.js';
import { inOrder } from './order.js';
import type { Override, Plan, ReconcileOptions } from './plan.js';
import { pairRenames } from './renames.js';

export type { Conflict, Override, Plan, ReconcileOptions } from './plan.js';

/** Whether a path exists after the plan: on neither side, undecided because it is pinned, or on both. */
type Survival = 'gone' | 'pinned' | 'stays';

/** The entries of one path: in the archive, on side a and on side b. */
interface Triple {
  readonly o: Node | null;
  readonly a: Node | null;
  readonly b: Node | null;
}

/**
 * Decides what each side has to do.
 * @param archive the last state that both sides shared.
 * @param a the present state of side a.
 * @param b the present state of side b.
 * @returns an ordered plan for each side. It overwrites and deletes only contents that are kept elsewhere: on the other
 * side, as a conflict copy or in versions.
 */
export function reconcile(archive: Snapshot, a: Snapshot, b: Snapshot, options: ReconcileOptions): Plan {
  const plan = emptyPlan();
  const pass = new Pass(options, plan);
  pass.directory('', { o: archive.root, a: a.root, b: b.root }, options.marks ?? null);
  return {
    ...plan,
    toA: inOrder(pairRenames(plan.toA)),
    toB: inOrder(pairRenames(plan.toB)),
  };
}

const emptyPlan = (): Plan => ({ toA: [], toB: [], agreed: [], postponed: [], conflicts: [] });

/** One walk over the three trees that fills one plan. */
class Pass {
  readonly #options: ReconcileOptions;
  readonly #plan: Plan;

  constructor(options: ReconcileOptions, plan: Plan) {
    this.#options = options;
    this.#plan = plan;
  }

  /**
   * Visits a directory that both sides have, or the root: first its metadata, then its children.
   * @param marks the paths to visit; null for all.
   */
  directory(path: RelPath | '', at: Triple, marks: Marks | null): void {
    if (marks !== null && path !== '' && !marks.here) {
      for (const [name, below] of marks.below) this.#child(path, at, name, below);
      return;
    }
    if (path !== '') this.#equal(path, at);
    if (marks === null) {
      for (const name of namesIn(at)) this.#child(path, at, name, null);
    } else {
      for (const [name, below] of marks.below) this.#child(path, at, name, below);
    }
  }

  #child(path: RelPath | '', at: Triple, name: string, marks: Marks | null): Survival {
    const triple = { o: childOf(at.o, name), a: childOf(at.a, name), b: childOf(at.b, name) };
    return this.#visit(joinPath(path, name), triple, marks?.deep ? null : marks);
  }

  /** Decides about `path` and everything below it. */
  #visit(path: RelPath, at: Triple, marks: Marks | null): Survival {
    if (this.#options.pinned(path)) {
      this.#plan.postponed.push({ path, marks });
      return 'pinned';
    }
    const { o, a, b } = at;
    if (a?.type === 'dir' && b?.type === 'dir') {
      this.directory(path, at, marks);
      return 'stays';
    }
    if (a === null && b === null) {
      if (o !== null) this.#plan.agreed.push({ path, entry: null });
      return 'gone';
    }
    if (sameContent(a, b)) {
      this.#equal(path, at);
      return 'stays';
    }
    if (a?.type === 'dir') return this.#directoryAgainst('a', path, at);
    if (b?.type === 'dir') return this.#directoryAgainst('b', path, at);
    return this.#files(path, at);
  }

  /** Equalises the metadata of equal contents: the side that changed it wins; the newer one where both did. */
  #equal(path: RelPath, { o, a, b }: Triple): void {
    if (a === null || b === null) return;
    if (sameMetadata(a, b)) {
      if (!sameEntry(entryOf(o), entryOf(a))) this.#plan.agreed.push({ path, entry: entryOf(a) });
      return;
    }
    const known = o !== null && sameContent(o, a) ? o : null;
    const onlyB = known !== null && sameMetadata(known, a);
    const onlyA = known !== null && sameMetadata(known, b);
    const overridden = this.#options.overrides?.(path)?.side;
    const source: Side = overridden ?? (onlyB ? 'b' : onlyA || mtimeOf(a) >= mtimeOf(b) ? 'a' : 'b');
    const [before, after] = source === 'a' ? [b, a] : [a, b];
    this.#change(otherSide(source), { path, action: 'metadata', before: entryOf(before), after: entryOf(after) });
  }

  /** Decides where both have different contents and neither has a directory. */
  #files(path: RelPath, { o, a, b }: Triple): Survival {
    const overridden = this.#options.overrides?.(path) ?? null;
    if (overridden !== null) return this.#override(path, overridden, { o, a, b });
    const leader = followedSide({ o: entryOf(o), a, b });
    if (leader === null) return this.#conflict(path, o, a!, b!);
    return leader === 'a' ? this.#follow('a', path, b, a) : this.#follow('b', path, a, b);
  }

  /** The other side follows `leader`: its entry changes from `before` to `after`. */
  #follow(leader: Side, path: RelPath, before: Node | null, after: Node | null, reason?: Reason): Survival {
    const action = before === null ? 'created' : after === null ? 'deleted' : 'modified';
    const why = reason === undefined ? {} : { reason };
    this.#change(otherSide(leader), { path, action, before: entryOf(before), after: entryOf(after), ...why });
    return after === null ? 'gone' : 'stays';
  }

  /**
   * Decides by the override that the holder of a lock gave. Where only one side has the file, `copy` keeps that file.
   */
  #override(path: RelPath, { side, other }: Override, { o, a, b }: Triple): Survival {
    const [kept, lost] = side === 'a' ? [a, b] : [b, a];
    if (lost === null) return this.#follow(side, path, null, kept);
    if (other === 'discard') return this.#follow(side, path, lost, kept, 'discarded');
    if (kept === null) return this.#follow(otherSide(side), path, null, lost);
    return this.#conflict(path, o, a!, b!, side);
  }

  /** Both sides changed the content differently: the newer one keeps the name, side a where the times are equal. */
  #conflict(path: RelPath, o: Node | null, a: Node, b: Node, overridden: Side | null = null): Survival {
    const kept: Side = overridden ?? winningSide(path, a, b, this.#options);
    const loser = otherSide(kept);
    const [before, after] = loser === 'a' ? [a, b] : [b, a];
    const copy = this.#options.firstContact && o === null ? null : this.#options.copyName(path, loser);
    const kind = copy === null ? ({ reason: 'first contact' } as const) : { conflictCopy: copy };
    this.#change(loser, { path, action: 'modified', before: entryOf(before), after: entryOf(after), ...kind });
    this.#plan.conflicts.push({ path, kept, copy });
    return 'stays';
  }

  /** Decides where only `side` has a directory at `path`. */
  #directoryAgainst(side: Side, path: RelPath, at: Triple): Survival {
    const dir = at[side] as Node;
    const other = at[otherSide(side)];
    if (at.o?.type === 'dir') return this.#removedDirectory(side, path, at, dir, other);
    const isUnchanged = sameContent(entryOf(at.o), other) && (this.#options.overrides?.(path) ?? null) === null;
    if (other === null || isUnchanged) return this.#newDirectory(side, path, dir, other, null);
    return this.#newDirectory(side, path, dir, other, this.#options.copyName(path, otherSide(side)));
  }

  /**
   * The other side deleted a directory that both had, or replaced it by a file. It is deleted if nothing below it
   * survives.
   */
  #removedDirectory(side: Side, path: RelPath, at: Triple, dir: Node, other: Node | null): Survival {
    const trial = { ...emptyPlan(), postponed: this.#plan.postponed };
    const survival = new Pass(this.#options, trial).#orphans(path, { ...at, [otherSide(side)]: null });
    if (survival === 'gone') {
      this.#take(trial);
      const action = other === null ? 'deleted' : 'modified';
      this.#change(side, { path, action, before: entryOf(dir), after: entryOf(other) });
      return other === null ? 'gone' : 'stays';
    }
    if (other !== null) {
      if (survival === 'pinned') return 'pinned';
      return this.#newDirectory(side, path, dir, other, this.#options.copyName(path, otherSide(side)));
    }
    this.#take(trial);
    if (survival === 'stays') {
      this.#change(otherSide(side), { path, action: 'created', before: null, after: entryOf(dir) });
    }
    return survival;
  }

  /** Decides about the contents of a directory that only one side still has. */
  #orphans(path: RelPath, at: Triple): Survival {
    let survival: Survival = 'gone';
    for (const name of namesIn(at)) {
      const of = this.#child(path, at, name, null);
      if (of === 'stays' || (of === 'pinned' && survival === 'gone')) survival = of;
    }
    return survival;
  }

  /**
   * Creates the directory that only `side` has, with its contents, on the other side. A file that is in its place
   * becomes the conflict copy `copy`, or goes to versions.
   */
  #newDirectory(side: Side, path: RelPath, dir: Node, inTheWay: Node | null, copy: RelPath | null): Survival {
    this.#change(otherSide(side), {
      path,
      action: inTheWay === null ? 'created' : 'modified',
      before: entryOf(inTheWay),
      after: entryOf(dir),
      ...(copy === null ? {} : { conflictCopy: copy }),
    });
    if (copy !== null) this.#plan.conflicts.push({ path, kept: side, copy });
    this.#orphans(path, { o: null, a: side === 'a' ? dir : null, b: side === 'b' ? dir : null });
    return 'stays';
  }

  #change(side: Side, change: Change): void {
    (side === 'a' ? this.#plan.toA : this.#plan.toB).push(change);
  }

  #take(trial: Plan): void {
    for (const change of trial.toA) this.#plan.toA.push(change);
    for (const change of trial.toB) this.#plan.toB.push(change);
    for (const note of trial.agreed) this.#plan.agreed.push(note);
    for (const conflict of trial.conflicts) this.#plan.conflicts.push(conflict);
  }
}

/** @returns the names of the children of all three, each once. */
function namesIn({ o, a, b }: Triple): Iterable<string> {
  const names = new Set<string>();
  for (const node of [o, a, b]) {
    if (node?.type === 'dir') for (const name of node.children.keys()) names.add(name);
  }
  return names;
}
