// The decision. Three snapshots in - the archive (what both sides last shared), a and b - and out comes what each side
// has to do to become equal without losing anything. Pure and symmetric: exchanging a and b exchanges the two lists,
// but for the tie that goes to a.
//
// A verdict is reached for a whole tree, not path by path: a directory that one side deleted goes only if nothing below
// it survives, and survival is known only after looking at everything below. So `visit` answers with the fate of what
// it visited, and a directory's verdict is drawn from its children's.
import type { Change, Reason } from '../change.js';
import { mtimeOf, sameContent, sameEntry, sameMetadata } from '../entry.js';
import { joinPath, otherSide, type RelPath, type Side } from '../path.js';
import type { Marks } from '../path-set.js';
import { childOf, entryOf, type Node, type Snapshot } from '../snapshot.js';
import { inOrder } from './order.js';
import type { Override, Plan, ReconcileOptions } from './plan.js';
import { pairRenames } from './renames.js';

export type { Conflict, Override, Plan, ReconcileOptions } from './plan.js';

/** What becomes of a path: it ends on neither side, on both, or is left alone for now. */
type Survival = 'gone' | 'pinned' | 'stays';

/** The three states of one path. */
interface Triple {
  readonly o: Node | null;
  readonly a: Node | null;
  readonly b: Node | null;
}

/**
 * Decides what each side must do.
 * @param archive the last state that both sides shared.
 * @param a what side a has now.
 * @param b what side b has now.
 * @returns an ordered plan for each side; nothing in it overwrites content that is not kept somewhere.
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

/** One walk over the three trees, writing into one plan. */
class Pass {
  readonly #options: ReconcileOptions;
  readonly #plan: Plan;

  constructor(options: ReconcileOptions, plan: Plan) {
    this.#options = options;
    this.#plan = plan;
  }

  /** Both sides have a directory here (or it is the root): its metadata, then what lies in it. Marks null: look everywhere. */
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

  /** Reaches the verdict on `path` and all that is below it. */
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

  /** The same content on both sides: the metadata follows whoever changed it, the newest where both did. */
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

  /** No directory on either side, and the contents differ. */
  #files(path: RelPath, { o, a, b }: Triple): Survival {
    const overridden = this.#options.overrides?.(path) ?? null;
    if (overridden !== null) return this.#override(path, overridden, { o, a, b });
    if (sameEntry(entryOf(o), a) || (b !== null && sameContent(entryOf(o), a))) return this.#follow('b', path, a, b);
    if (sameEntry(entryOf(o), b) || (a !== null && sameContent(entryOf(o), b))) return this.#follow('a', path, b, a);
    if (b === null) return this.#follow('a', path, b, a);
    if (a === null) return this.#follow('b', path, a, b);
    return this.#conflict(path, o, a, b);
  }

  /** The other side follows `leader`: it has `before` and gets `after`. */
  #follow(leader: Side, path: RelPath, before: Node | null, after: Node | null, reason?: Reason): Survival {
    const action = before === null ? 'created' : after === null ? 'deleted' : 'modified';
    const why = reason === undefined ? {} : { reason };
    this.#change(otherSide(leader), { path, action, before: entryOf(before), after: entryOf(after), ...why });
    return after === null ? 'gone' : 'stays';
  }

  /** The holder of a lock said what is to become of the other side's changes. What only one side has survives a copy. */
  #override(path: RelPath, { side, other }: Override, { o, a, b }: Triple): Survival {
    const [kept, lost] = side === 'a' ? [a, b] : [b, a];
    if (lost === null) return this.#follow(side, path, null, kept);
    if (other === 'discard') return this.#follow(side, path, lost, kept, 'discarded');
    if (kept === null) return this.#follow(otherSide(side), path, null, lost);
    return this.#conflict(path, o, a!, b!, side);
  }

  /** Both changed, differently: the newer keeps the name, a where the times are equal. */
  #conflict(path: RelPath, o: Node | null, a: Node, b: Node, overridden: Side | null = null): Survival {
    const kept: Side = overridden ?? this.#options.winner?.(path) ?? (mtimeOf(a) >= mtimeOf(b) ? 'a' : 'b');
    const loser = otherSide(kept);
    const [before, after] = loser === 'a' ? [a, b] : [b, a];
    const copy = this.#options.firstContact && o === null ? null : this.#options.copyName(path, loser);
    const kind = copy === null ? ({ reason: 'first contact' } as const) : { conflictCopy: copy };
    this.#change(loser, { path, action: 'modified', before: entryOf(before), after: entryOf(after), ...kind });
    this.#plan.conflicts.push({ path, kept, copy });
    return 'stays';
  }

  /** `side` has a directory, the other has none. */
  #directoryAgainst(side: Side, path: RelPath, at: Triple): Survival {
    const dir = at[side] as Node;
    const other = at[otherSide(side)];
    if (at.o?.type === 'dir') return this.#removedDirectory(side, path, at, dir, other);
    const isUnchanged = sameContent(entryOf(at.o), other) && (this.#options.overrides?.(path) ?? null) === null;
    if (other === null || isUnchanged) return this.#newDirectory(side, path, dir, other, null);
    return this.#newDirectory(side, path, dir, other, this.#options.copyName(path, otherSide(side)));
  }

  /** The other side deleted a directory that both had, or put a file in its place. It goes if nothing in it survives. */
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

  /** What becomes of the contents of a directory that one side has no more. */
  #orphans(path: RelPath, at: Triple): Survival {
    let survival: Survival = 'gone';
    for (const name of namesIn(at)) {
      const of = this.#child(path, at, name, null);
      if (of === 'stays' || (of === 'pinned' && survival === 'gone')) survival = of;
    }
    return survival;
  }

  /** A directory that only `side` has goes over whole; a file in its way goes to versions or, if it was changed, to a copy. */
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

/** The names in any of the three, each once. */
function namesIn({ o, a, b }: Triple): Iterable<string> {
  const names = new Set<string>();
  for (const node of [o, a, b]) {
    if (node?.type === 'dir') for (const name of node.children.keys()) names.add(name);
  }
  return names;
}
